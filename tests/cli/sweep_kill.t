# A sweep killed with SIGKILL at any instant, 200 times.
$ sh $ROOT/tests/cli/kill_sweep.sh 200
200 kills; stores clean, nothing lost, nothing twice, several rounds
! * of * sweeps killed, in * stores
