/* SPDX-License-Identifier: Apache-2.0 */
#include "control/rest/date.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[12][4] = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void date_rfc2822(char out[32], int64_t t)
{
	struct tm tm;
	time_t tt = t < 0 ? 0 : t > 253402300799 ? 253402300799 : (time_t)t;
	gmtime_r(&tt, &tm);
	snprintf(out, 32, "%s, %02u %s %04u %02u:%02u:%02u +0000", days[tm.tm_wday % 7],
	    (unsigned)tm.tm_mday % 100, months[tm.tm_mon % 12], (unsigned)(tm.tm_year + 1900) % 10000,
	    (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}

/* Exactly n digits at *s; -1: not there. */
static int digits(const char **s, unsigned n)
{
	int v = 0;
	for (; n; n--, ++*s) {
		if (**s < '0' || **s > '9')
			return -1;
		v = v * 10 + (**s - '0');
	}
	return v;
}

static bool literal(const char **s, char c)
{
	if (**s != c)
		return false;
	++*s;
	return true;
}

static int days_in(int year, int month)
{
	static const int n[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return n[month - 1] + (month == 2 && leap);
}

static int read_date(const char **s, struct tm *tm)
{
	int y = digits(s, 4);
	if (y < 1970 || !literal(s, '-'))
		return -EINVAL;
	int m = digits(s, 2);
	if (m < 1 || m > 12 || !literal(s, '-'))
		return -EINVAL;
	int d = digits(s, 2);
	if (d < 1 || d > days_in(y, m))
		return -EINVAL;
	*tm = (struct tm){.tm_year = y - 1900, .tm_mon = m - 1, .tm_mday = d};
	return 0;
}

static int read_time(const char **s, struct tm *tm)
{
	tm->tm_hour = digits(s, 2);
	if (tm->tm_hour < 0 || tm->tm_hour > 23 || !literal(s, ':'))
		return -EINVAL;
	tm->tm_min = digits(s, 2);
	if (tm->tm_min < 0 || tm->tm_min > 59 || !literal(s, ':'))
		return -EINVAL;
	tm->tm_sec = digits(s, 2);
	if (tm->tm_sec < 0 || tm->tm_sec > 60)
		return -EINVAL;
	if (literal(s, '.'))
		while (**s >= '0' && **s <= '9')
			++*s;
	return 0;
}

/* "Z", nothing, or an offset, in seconds east. */
static int read_zone(const char **s, int *east)
{
	*east = 0;
	if (!**s || literal(s, 'Z'))
		return **s ? -EINVAL : 0;
	int sign = **s == '+' ? 1 : **s == '-' ? -1 : 0;
	if (!sign)
		return -EINVAL;
	++*s;
	int h = digits(s, 2);
	if (h < 0 || h > 23)
		return -EINVAL;
	literal(s, ':');
	int m = digits(s, 2);
	if (m < 0 || m > 59 || **s)
		return -EINVAL;
	*east = sign * (h * 3600 + m * 60);
	return 0;
}

int date_parse_iso(const char *s, int64_t *t, bool *whole_day)
{
	struct tm tm;
	int east = 0;
	if (read_date(&s, &tm))
		return -EINVAL;
	*whole_day = !*s;
	if (*s) {
		if (!literal(&s, 'T') && !literal(&s, ' '))
			return -EINVAL;
		if (read_time(&s, &tm) || read_zone(&s, &east))
			return -EINVAL;
	}
	*t = (int64_t)timegm(&tm) - east;
	return 0;
}
