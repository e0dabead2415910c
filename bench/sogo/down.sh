#!/bin/sh
# Stops what up.sh started, by its numbers, and puts SOGo's file back.
set -u
dir=$1
for pid in $(tac "$dir/pids"); do
	kill "$pid" 2>/dev/null
done
sleep 5
# A watchdog waits for its workers, which wait for their clients.
for pid in $(tac "$dir/pids"); do
	pkill -KILL -P "$pid" 2>/dev/null
	kill -KILL "$pid" 2>/dev/null
done
[ -f /etc/sogo/sogo.conf.before ] && mv /etc/sogo/sogo.conf.before /etc/sogo/sogo.conf
