# Splits a transcript into N.cmd, N.want (expected lines as written) and N.line in folder `to`.
/^\$ / {
    n++
    print substr($0, 3) > (to "/" n ".cmd")
    printf "" > (to "/" n ".want")
    print NR > (to "/" n ".line")
    next
}
/^> / && n { print substr($0, 3) > (to "/" n ".cmd"); next }
/^#/ { next }
n { print > (to "/" n ".want") }
