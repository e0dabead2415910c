#!/bin/sh
# Starts Debian's SOGo with its database, mail store and cache on loopback, for
# bench/activesync_test.go to measure beside ours:
#
#   apt-get install --no-install-recommends sogo sogo-activesync dovecot-imapd dovecot-lmtpd memcached postgresql-15
#   bench/sogo/up.sh DIR [WORKERS]     # as root: the packages' own users are needed
#   ENTENTE_BENCH_SOGO=DIR go test -bench ActiveSync ./bench
#   bench/sogo/down.sh DIR
#
# DIR/url is where ActiveSync is, DIR/pids has the processes whose processor time
# counts. Account and password are anna@contoso.example, "a long enough password".
set -eu
dir=$1
workers=${2:-10}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
chmod 755 "$dir"
mkdir -p "$dir/pg" "$dir/mail" "$dir/run" "$dir/spool"
pg=/usr/lib/postgresql/15/bin
web=20080 imap=20143 lmtp=20024 sql=20432 cache=20211
password='a long enough password'
: >"$dir/pids"

# The database.
chown postgres "$dir/pg"
runuser -u postgres -- $pg/initdb -D "$dir/pg/data" -A trust >"$dir/initdb.log"
runuser -u postgres -- $pg/pg_ctl -D "$dir/pg/data" -w -l "$dir/pg/log" \
	-o "-p $sql -c listen_addresses=127.0.0.1 -c unix_socket_directories=$dir/pg" start >"$dir/pg_ctl.log"
head -1 "$dir/pg/data/postmaster.pid" >>"$dir/pids"
psql() { runuser -u postgres -- $pg/psql -q -h 127.0.0.1 -p $sql "$@"; }
psql -d postgres -c "CREATE USER sogo PASSWORD 'sogo'" -c "CREATE DATABASE sogo OWNER sogo"
psql -U sogo -d sogo -c "CREATE TABLE sogo_users (c_uid TEXT PRIMARY KEY, c_name TEXT, c_password TEXT, c_cn TEXT, mail TEXT)" \
	-c "INSERT INTO sogo_users VALUES ('anna@contoso.example', 'anna@contoso.example', '$password', 'Anna', 'anna@contoso.example')"

# The mail store.
id vmail >/dev/null 2>&1 || useradd -r -M vmail
chown vmail "$dir/mail"
printf 'anna@contoso.example:{PLAIN}%s::::::\n' "$password" >"$dir/users"
chmod 644 "$dir/users"
cat >"$dir/dovecot.conf" <<END
base_dir = $dir/run
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
log_path = $dir/dovecot.log
mail_location = maildir:$dir/mail/%u
mail_uid = vmail
mail_gid = nogroup
first_valid_uid = 1
first_valid_gid = 1
passdb {
  driver = passwd-file
  args = $dir/users
}
userdb {
  driver = static
  args = uid=vmail gid=nogroup home=$dir/mail/%u
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Drafts {
    auto = subscribe
  }
  mailbox Sent {
    auto = subscribe
  }
  mailbox Trash {
    auto = subscribe
  }
}
service imap-login {
  inet_listener imap {
    port = $imap
  }
  inet_listener imaps {
    port = 0
  }
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = $lmtp
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
END
dovecot -c "$dir/dovecot.conf"
{ cat "$dir/run/master.pid"; echo; } >>"$dir/pids"

memcached -u nobody -l 127.0.0.1 -p $cache >"$dir/memcached.log" 2>&1 &
echo $! >"$dir/memcached.pid"
sleep 1
cat "$dir/memcached.pid" >>"$dir/pids"

# SOGo. It reads one file for the whole machine.
url="postgresql://sogo:sogo@127.0.0.1:$sql/sogo"
[ -f /etc/sogo/sogo.conf.before ] || cp /etc/sogo/sogo.conf /etc/sogo/sogo.conf.before
cat >/etc/sogo/sogo.conf <<END
{
  SOGoProfileURL = "$url/sogo_user_profile";
  OCSFolderInfoURL = "$url/sogo_folder_info";
  OCSSessionsFolderURL = "$url/sogo_sessions_folder";
  OCSEMailAlarmsFolderURL = "$url/sogo_alarms_folder";
  OCSCacheFolderURL = "$url/sogo_cache_folder";
  OCSStoreURL = "$url/sogo_store";
  OCSAclURL = "$url/sogo_acl";
  SOGoUserSources = ({
    type = sql; id = directory; viewURL = "$url/sogo_users";
    canAuthenticate = YES; isAddressBook = YES; displayName = "People"; userPasswordAlgorithm = plain;
  });
  SOGoIMAPServer = "imap://127.0.0.1:$imap";
  SOGoMailingMechanism = smtp;
  SOGoSMTPServer = "smtp://127.0.0.1:20025";
  SOGoMemcachedHost = "127.0.0.1:$cache";
  SOGoTimeZone = UTC;
  SOGoSentFolderName = Sent;
  SOGoTrashFolderName = Trash;
  SOGoDraftsFolderName = Drafts;
  SOGoLanguage = English;
  SOGoMaximumPingInterval = 3540;
  SOGoMaximumSyncInterval = 3540;
  SOGoInternalSyncInterval = 10;
  WOWorkersCount = $workers;
  WOListenQueueSize = 300;
  WOWatchDogRequestTimeout = 60;
  SxVMemLimit = 512;
}
END
chown sogo "$dir/spool" && chmod 644 /etc/sogo/sogo.conf
mkdir -p /var/run/sogo && chown sogo /var/run/sogo
runuser -u sogo -- sh -c "cd /; exec /usr/sbin/sogod -WOPort 127.0.0.1:$web -WOPidFile /var/run/sogo/bench.pid -WOLogFile $dir/spool/sogo.log -WONoDetach NO" \
	>"$dir/sogod.log" 2>&1 &
i=0
until [ -s /var/run/sogo/bench.pid ] || [ $i -ge 30 ]; do
	sleep 1
	i=$((i + 1))
done
{ cat /var/run/sogo/bench.pid; echo; } >>"$dir/pids"
# The web server in front translates the paths; here they are asked for as it
# would ask.
echo "http://127.0.0.1:$web/SOGo/Microsoft-Server-ActiveSync" >"$dir/url"
cat "$dir/url"
