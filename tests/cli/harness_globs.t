# Stars, escapes, here documents, and the names that stand for folders.
$ date -u +%Y-%m-%dT%H:%M:%S
20*-*-*T*:*:*

$ cat <<'END'
> # not a comment
> 2 * 3
> a\b
> END
\# not a comment
2 \* 3
a\\b

$ pwd; ls "$ROOT" | grep -x Makefile; echo "$ROOT/Makefile"
$TMP
Makefile
$ROOT/Makefile

$ kill -TERM $$
? 143
