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
# A store of layout 2 knows no busy times, steps or elasticities: it is read all the same.
$ sqlite3 results.db 'PRAGMA user_version = 2; DROP VIEW operator; DROP TABLE step; DROP TABLE sens; ALTER TABLE timeline DROP COLUMN sm_us; ALTER TABLE timeline DROP COLUMN host_us'; gable report -o old.html
old.html: * KiB, one page that needs no network
$ grep -oE '<section id="(latency|time|where-time-went|roofline|sensitivity)"' old.html
<section id="latency"
<section id="time"
<section id="where-time-went"
$ gable export --format chrome > old.json; grep -c '"KV blocks"' old.json; grep -c '"busy %"' old.json
*
0
? 1
# Without scripts the tables hold the numbers, and the page says where the charts are.
$ grep -c '<noscript><p class="hint">Charts need scripts' report.html
1
# Price, tail and sensitivities come with the store.
$ gable sens s.json --db s.db > /dev/null; gable report --db s.db -o s.html > /dev/null; grep -oE 'id="(c-tornado|c-roofline|sensitivity)"' s.html
id="c-roofline"
id="sensitivity"
id="c-tornado"
