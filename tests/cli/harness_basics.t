# The transcript harness on its own feet: programs that every system has.
$ printf 'b\na\n' > letters; sort letters
a
b

$ wc -l < letters
2

# An error: nothing on standard output, a message, an exit status.
$ cat nowhere
! cat: nowhere: No such file or directory
? 1

$ seq 100
1
...
99
100
