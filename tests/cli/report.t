# gable report: a page, or the reason why there is none.
$ gable report
! gable: cannot open the store: there is no such file
!   where: results.db
!   expected: a store written by `gable run --db results.db`
? 2
$ printf '{"trace": {"generate": {"requests": 20, "arrival": {"use": "poisson", "rate_s": 3}}}}' > s.json; gable run s.json --db results.db > /dev/null && gable report
report.html: * KiB, one page that needs no network
$ grep -c '<html' report.html
1
$ grep -cE '(src|href)="https?:' report.html
0
? 1
$ gable report -o nofolder/report.html
! gable: cannot write the file: No such file or directory
!   where: nofolder/report.html
!   expected: a file in an existing folder this user may write to
? 2
$ gable report -o other.html --json
{
  "report": "other.html",
  "bytes": *
}
$ gable report --db
! gable: --db has no value
!   where: gable report
!   expected: --db FILE
? 2
