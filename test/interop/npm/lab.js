// What every script needs: the demo's accounts, and an end that is seen.
'use strict';
const fs = require('fs');

const org = JSON.parse(fs.readFileSync(process.env.ENTENTE_DESCRIBE)).organizations[0];

exports.org = org;
exports.people = org.accounts.filter((a) => a.password && a.smtp);
exports.service = org.services[0];

// run ends the process with 1 if f fails, and with 2 if it never ends.
exports.run = function (f) {
  const timer = setTimeout(() => { console.error('timed out'); process.exit(2); }, 60000);
  f().then(() => clearTimeout(timer), (e) => { console.error(e && e.stack || e); process.exit(1); });
};

// step names what fails: the libraries reject with things that are no errors.
exports.step = async function (name, promise) {
  try {
    return await promise;
  } catch (e) {
    const text = e === undefined ? 'undefined' : e.message || e.Message || JSON.stringify(e);
    throw Object.assign(new Error(name + ': ' + text), { cause: e });
  }
};
