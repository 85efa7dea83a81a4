package main

import "strings"

// parts are put into each of the five fields in turn, the others being stars.
var parts = []string{
	"*", "?", "*/1", "?/1", "*/2", "?/3", "*/7", "*/31", "*/100", "*-5", "?-", "*-1-2", "*-1-2/3", "*-x/2", "*/+2", "*/02",
	"0", "1", "5", "6", "7", "12", "13", "23", "24", "31", "32", "59", "60", "07", "+5", "-5", "-0", "--5",
	"1-3", "3-1", "0-0", "5-5", "0-6", "1-12", "1-31", "0-23", "0-59", "0-60", "1-99", "59-60", "1-+3", "1--3", "1-2-3",
	"1/2", "0/2", "5/15", "1-5/2", "2-6/0", "*/0", "1/2/3", "1/", "/2", "/", "1/-1", "1/x", "1-/2", "-", "1-", "*/", "*/*", "a/b/c",
	"1,2", "1,,3", ",", ",,", ",5", "5,", "*,5", "5,*/2", "1-3,5-6", "1,2,x", "5/2,3", "?,?", "1,1,1",
	"a", "L", "5L", "W", "1W", "1#2", "#", "**", "*5", "5*", "1.5", "1e1", "0x5", "1_0", "½", "٣", "é",
	"jan", "JAN", "Feb", "dec", "jan-mar", "JAN-dec/2", "mar-jan", "janu", "jan/3", "jan,6", "1-dec", "sun", "SUN", "Mon", "sat", "7-1",
	"mon-fri", "sun-sat", "sat-sun", "mon/2", "mon,wed,FRI", "0-sat", "sunday", "mon-", "-mon", "jan-5-6",
	"9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551615",
	"18446744073709551616", "99999999999999999999999", "99999999999999999999999x", "18446744073709551615x", "0000000000000000000000005",
	"*/9223372036854775807", "1-9223372036854775807", "1/99999999999999999999", "1\"2", "1\\2", "\x01", "\x7f", "\u200b", "\ufeff", "\U0001f600",
}

// whole specifications, good and bad.
var whole = []string{
	"", " ", "*", "* *", "* * * *", "* * * * *", "* * * * * *", "0 0 0 0 0 0 0", "  *  *  *  *  *  ", "*\t*\t*\t*\t*", "*\n*\r\n*\v*\f*",
	"*\u00a0*\u2003*\u3000*\u0085*", "*\u200b* * * *", "*\ufeff* * * * *", "* * * * * ", " @daily", "@daily ", "@", "@@daily",
	"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly", "@reboot", "@Daily", "@DAILY", "@foo", "@dail", "@daily @daily",
	"@every", "@every ", "@every  1h", "@every 1h", "@every 1h ", "@every 1h30m", "@every 90s", "@every 1.5s", "@every 1m1.9s", "@every 1ms", "@every 999ms", "@every 1001ms",
	"@every 0", "@every 0s", "@every -1h", "@every +5m", "@every -0", "@every 10", "@every x", "@every 1x", "@every 1h2", "@every 1h x", "@every .5h", "@every 1.h", "@every .s", "@every -.s",
	"@every 1µs", "@every 2μs", "@every 3us", "@every 1d", "@every 1h1h", "@every 1é", "@every 1\"", "@every \"1h\"", "@every \\", "@every 1\n", "@every \t1h", "@every 2562047h47m16.854775807s",
	"@every 2562047h47m16.854775808s", "@every 9223372036854775808ns", "@every 1e3s", "@every ½h", "@every 1H", "@every 0.1h0.1m", "@every 24h", "@every 8760h", "@Every 1h", "@every1h",
	"TZ=UTC * * * * *", "CRON_TZ=UTC * * * * *", "TZ=UTC 0 5 * * *", "TZ=Asia/Tokyo 0 5 * * *", "CRON_TZ=America/New_York 30 2 * * *", "TZ=US/Eastern 0 5 * * *", "TZ=Asia/Calcutta 0 5 * * *", "TZ=Europe/Kyiv 0 5 * * *",
	"CRON_TZ=Asia/Kathmandu 0 5 * * *", "TZ=EST5EDT 0 5 * * *", "TZ=Etc/GMT+5 0 5 * * *", "TZ=GMT0 0 5 * * *", "TZ=Zulu 0 5 * * *", "TZ= 0 5 * * *", "CRON_TZ= @daily", "TZ=Antarctica/McMurdo @weekly",
	"TZ=America/Port-au-Prince @daily", "TZ=America/Argentina/Buenos_Aires @monthly", "TZ=Europe/Berlin @hourly", "TZ=Pacific/Chatham @yearly", "TZ=Asia/Tokyo @every 1h", "TZ=UTC   0  5  *  *  *  ", "TZ=UTC @daily ", "TZ=UTC \t@daily\n",
	"TZ=UTC ", "TZ=UTC  ", "TZ=UTC @", "TZ=UTC 5", "TZ=Bad/Zone 0 5 * * *", "CRON_TZ=Bad/Zone 0 5 * * *", "TZ=bad", "TZ=UTC", "TZ=", "CRON_TZ=", "CRON_TZ=UTC", "TZ=UTC\t0 5 * * *", "tz=UTC 0 5 * * *", "TZ =UTC 0 5 * * *", " TZ=UTC 0 5 * * *",
	"TZ=UTC TZ=UTC 0 5 * * *", "TZ=../etc/passwd 0 5 * * *", "TZ=a..b 0 5 * * *", "TZ=/etc/localtime 0 5 * * *", "TZ=\\x 0 5 * * *", "TZ=utc 0 5 * * *", "TZ=europe/berlin 0 5 * * *", "TZ=EUROPE/BERLIN 0 5 * * *", "TZ=us/eastern 0 5 * * *",
	"TZ=+05:00 0 5 * * *", "TZ=PST 0 5 * * *", "TZ=IST 0 5 * * *", "TZ=GMT+5 0 5 * * *", "TZ=UTC+5 0 5 * * *", "TZ=SystemV/PST8PDT 0 5 * * *", "TZ=US/Pacific-New 0 5 * * *", "TZ=Etc/Unknown 0 5 * * *", "TZ=Mars/Olympus 99 * * * *", "TZ=A=B 0 5 * * *", "CRON_TZ=TZ=UTC 0 5 * * *",
	"0 0 */2 * 1", "0 0 1-31/2 * 1", "0 0 1,15 * mon", "0 0 * * mon", "0 0 13 * 5", "0 0 ? * fri", "0 0 13 * ?", "0 0 */1 * 5", "0 0 13 * */1", "0 0 13 * */2", "0 0 , * 1", "0 0 13 * ,", "0 0 , * ,", ", * * * *", "* , * * *", "* * , * *", "* * * , *", "* * * * ,", "0 0 1 , *",
	"0 0 29 2 *", "0 0 29 feb 1", "0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "0 0 31 * *", "0 0 30 2 1", "59 23 31 12 *", "0 0 1 1 *", "* * 1 1 *", "0 0 29 2 ?", "59 23 28-31 2 0", "0 0 31 4 *", "0 0 31 4 3",
	"*/15 9-17 * * mon-fri", "5,10,15 2,4 1,2 jan,jul sun", "0 */4 * * *", "23 0-20/2 * * *", "5 4 * * sun", "0 22 * * 1-5", "0 0 1,15 * 3", "30 4 1,15 * 5", "1-59/2 * * * *", "0 12 1-7 * mon", "10-20/3,40-45 6 * 3-9/3 *",
	"5/15 * * * *", "0 0 L * *", "0 0 15W * *", "0 0 * * 5#3", "0 0 * * 7", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 0 *", "* * * 13 *", "* * * * 8", "99 99 99 99 99", "x x x x x", "* * * * x", "0 0 0 jan mon", "0 0 1 jan-dec mon-sun",
}

// grammar is the table of specifications: each part in each field, and the whole ones.
func grammar() []string {
	var table []string
	for _, part := range parts {
		for field := range 5 {
			fields := []string{"*", "*", "*", "*", "*"}
			if field > 0 {
				fields[0] = "0"
			}
			fields[field] = part
			table = append(table, strings.Join(fields, " "))
		}
	}
	return append(table, whole...)
}
