/* wallclock.c - dates with a time of day, in the spellings that traces use. */
#include "traces/reader.h"

/* n digits at *p as a number; -1 where they are none. */
static int digits(const char **p, int n)
{
    int v = 0;
    for (; n; n--, ++*p) {
        if (**p < '0' || **p > '9') return -1;
        v = v * 10 + (**p - '0');
    }
    return v;
}

/* Days from 1970-01-01 (civil calendar; H. Hinnant, "chrono-compatible low-level date algorithms"). */
static int64_t days(int y, int m, int d)
{
    y -= m <= 2;
    int64_t era = y / 400, yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int month_days(int y, int m)
{
    static const int of[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return m == 2 && ((y % 4 == 0 && y % 100) || y % 400 == 0) ? 29 : of[m - 1];
}

/* "", "Z", "+hh:mm", "-hhmm" or "+hh": the offset in s; -1 where it is none of these. */
static int zone(const char *p, int64_t *out)
{
    *out = 0;
    if (!*p || ((*p == 'Z' || *p == 'z') && !p[1])) return 0;
    int sign = *p == '+' ? 1 : *p == '-' ? -1 : 0, m = 0;
    if (!sign) return -1;
    p++;
    int h = digits(&p, 2);
    if (h >= 0 && *p == ':') p++;
    if (h >= 0 && *p) m = digits(&p, 2);
    if (h < 0 || h > 23 || m < 0 || m > 59 || *p) return -1;
    *out = sign * (h * 3600 + m * 60);
    return 0;
}

int gbl_wall_clock(const char *p, int64_t *out)
{
    int y = digits(&p, 4);
    if (y < 1970 || y > 2261 || *p++ != '-') return -1;
    int mo = digits(&p, 2);
    if (mo < 1 || mo > 12 || *p++ != '-') return -1;
    int d = digits(&p, 2);
    if (d < 1 || d > month_days(y, mo) || (*p != ' ' && *p != 'T')) return -1;
    p++;
    int h = digits(&p, 2);
    if (h < 0 || h > 23 || *p++ != ':') return -1;
    int mi = digits(&p, 2);
    if (mi < 0 || mi > 59 || *p++ != ':') return -1;
    int s = digits(&p, 2);
    if (s < 0 || s > 60) return -1; /* 60: a leap second */
    int64_t ns = 0, offset;
    if (*p == '.') {
        if (p[1] < '0' || p[1] > '9') return -1;
        int64_t unit = 100000000;
        for (p++; *p >= '0' && *p <= '9'; p++, unit /= 10) ns += (*p - '0') * unit;
    }
    if (zone(p, &offset)) return -1;
    int64_t seconds = days(y, mo, d) * 86400 + h * 3600 + mi * 60 + s - offset;
    if (seconds < 0) return -1;
    *out = seconds * 1000000000 + ns;
    return 0;
}
