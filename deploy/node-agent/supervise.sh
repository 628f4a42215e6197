#!/bin/sh
# Keeps one agent running: supervise.sh COMMAND [ARGUMENT]...
#
# Model servers outlive their agent and are taken over by the next one. In a container that holds only if process 1
# is not the agent itself: this is process 1. It starts the agent again when it dies, and ends when it is told to
# (TERM, INT) or when the agent refuses its configuration (exit status 78), which no restart can mend.
set -u

: "${OSTRO_RESTART_PAUSE_SECONDS:=1}"
agent=
stopping=

stop() {
  stopping=yes
  [ -n "$agent" ] && kill -TERM "$agent" 2>/dev/null
}
trap stop TERM INT

while :; do
  "$@" &
  agent=$!
  # A signal that came before the agent had a number.
  [ -n "$stopping" ] && kill -TERM "$agent"
  # A signal ends `wait` early; the agent is then still stopping and is waited for again.
  while :; do
    wait "$agent"
    status=$?
    kill -0 "$agent" 2>/dev/null || break
  done
  agent=
  [ -n "$stopping" ] && exit "$status"
  [ "$status" -eq 78 ] && exit 78
  echo "supervise: the agent ended with status $status; starting it again" >&2
  sleep "$OSTRO_RESTART_PAUSE_SECONDS" &
  wait $!
  [ -n "$stopping" ] && exit 0
done
