// Command cron-fixtures writes what robfig/cron answers, for the tests of the cron dialect. See README.md.
package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
	_ "time/tzdata"

	"github.com/robfig/cron/v3"
)

// Release of the tz database in Go's time/tzdata: CODE in lib/time/update.bash of the Go tree.
const tzdata = "2025c"

const (
	// In the place of minutes: Next answered the zero time, or did not return.
	never = -1_000_000
	hangs = -2_000_000

	margin     = 3 * 24 * time.Hour
	queryEvery = 131*time.Minute + 13*time.Second
	// Every window begins its queries elsewhere, so that together they are dense.
	queryShift = 17*time.Minute + 7*time.Second
	patience   = 2 * time.Second
)

type change struct {
	at, before, after int64
}

func main() {
	if len(os.Args) != 2 {
		fail(fmt.Errorf("usage: cron-fixtures <folder>"))
	}
	time.Local = time.UTC
	fail(write(filepath.Join(os.Args[1], "grammar.jsonl"), grammarLines(), false))
	fail(write(filepath.Join(os.Args[1], "dst.jsonl.gz"), zoneLines(), true))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(path string, lines []any, compressed bool) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if !compressed {
		return encode(bufio.NewWriter(file), lines)
	}
	zip, _ := gzip.NewWriterLevel(file, gzip.BestCompression)
	if err := encode(bufio.NewWriter(zip), lines); err != nil {
		return err
	}
	return zip.Close()
}

func encode(out *bufio.Writer, lines []any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for _, line := range lines {
		if err := encoder.Encode(line); err != nil {
			return err
		}
	}
	return out.Flush()
}

// Grammar: a head, then [spec, error] or [spec, null, activations in epoch seconds].

func grammarLines() []any {
	after := time.Date(2026, time.February, 27, 21, 58, 31, 250_000_000, time.UTC)
	lines := []any{map[string]any{"go": runtime.Version(), "cron": "v3.0.1", "tzdata": tzdata, "afterMs": after.UnixMilli()}}
	seen := map[string]bool{}
	for _, spec := range grammar() {
		if seen[spec] {
			continue
		}
		seen[spec] = true
		lines = append(lines, grammarLine(spec, after))
	}
	return lines
}

func grammarLine(spec string, after time.Time) (line any) {
	defer func() {
		if recover() != nil {
			line = []any{spec, "panic"}
		}
	}()
	schedule, err := cron.ParseStandard(spec)
	if err != nil {
		return []any{spec, err.Error()}
	}
	activations := []int64{}
	for at := after; len(activations) < 5; {
		if at = schedule.Next(at); at.IsZero() {
			break
		}
		activations = append(activations, at.Unix())
	}
	return []any{spec, nil, activations}
}

// Zones: a head, then per zone {zone, changes, windows: [{from, first, chains, queries}]}; from in epoch seconds, the first
// query in seconds after it; a chain and the answers to the queries as run lengths of differences in minutes.

type window struct {
	From    int64    `json:"from"`
	First   int64    `json:"first"`
	Chains  []string `json:"chains"`
	Queries []string `json:"queries"`
}

func zoneLines() []any {
	lines := []any{map[string]any{
		"go": runtime.Version(), "cron": "v3.0.1", "tzdata": tzdata, "specs": specs,
		"days": int(2 * margin / (24 * time.Hour)), "querySeconds": int(queryEvery / time.Second), "never": never, "hangs": hangs,
	}}
	for _, name := range zones {
		loc, err := time.LoadLocation(name)
		fail(err)
		first := time.Date(2010, time.January, 1, 0, 0, 0, 0, time.UTC).Unix()
		end := time.Date(2030, time.January, 1, 0, 0, 0, 0, time.UTC).Unix()
		var changes [][3]int64
		var windows []window
		// Activations may be years ahead, and the search looks five years further.
		for _, c := range offsetChanges(loc, 2009, 2037) {
			changes = append(changes, [3]int64{c.at, c.before, c.after})
			if c.at >= first && c.at < end {
				windows = append(windows, windowOf(name, loc, c, time.Duration(len(windows))*queryShift%queryEvery))
			}
		}
		fmt.Fprintln(os.Stderr, name, len(windows))
		lines = append(lines, map[string]any{"zone": name, "changes": changes, "windows": windows})
	}
	return lines
}

func offsetChanges(loc *time.Location, firstYear, endYear int) []change {
	var changes []change
	at := time.Date(firstYear, time.January, 1, 0, 0, 0, 0, time.UTC).In(loc)
	_, before := at.Zone()
	for {
		_, next := at.ZoneBounds()
		if next.IsZero() || next.Year() >= endYear {
			return changes
		}
		_, after := next.Zone()
		if after != before {
			changes = append(changes, change{next.Unix(), int64(before), int64(after)})
		}
		at, before = next, after
	}
}

func windowOf(name string, loc *time.Location, c change, shift time.Duration) window {
	from := time.Unix(c.at, 0).Add(-margin).In(loc)
	until := from.Add(2 * margin)
	skipsDay := c.after-c.before >= 24*3600
	result := window{From: from.Unix(), First: int64(shift / time.Second)}
	for _, spec := range specs {
		parsed, err := cron.ParseStandard("CRON_TZ=" + name + " " + spec)
		fail(err)
		next := parsed.Next
		if skipsDay {
			next = impatient(parsed)
		}
		result.Chains = append(result.Chains, chain(next, from, until))
		result.Queries = append(result.Queries, queries(next, from, from.Add(shift), until))
	}
	return result
}

// impatient gives up on a Next that steps for ever, and on every further one of the schedule. The goroutine is left behind.
func impatient(schedule cron.Schedule) func(time.Time) time.Time {
	hung := false
	return func(after time.Time) time.Time {
		if hung {
			return time.Unix(0, 0)
		}
		answer := make(chan time.Time, 1)
		go func() { answer <- schedule.Next(after) }()
		select {
		case next := <-answer:
			return next
		case <-time.After(patience):
			hung = true
			return time.Unix(0, 0)
		}
	}
}

// chain follows the activations from the one after the start to the first beyond the end.
func chain(next func(time.Time) time.Time, from, until time.Time) string {
	var minutes []int64
	for at := from; ; {
		after := at
		at = next(after)
		minutes = append(minutes, minutesSince(from, at))
		if !at.After(after) || at.After(until) {
			return runLengths(minutes)
		}
	}
}

// queries asks from instants that are no activations.
func queries(next func(time.Time) time.Time, from, first, until time.Time) string {
	var minutes []int64
	for at := first; at.Before(until); at = at.Add(queryEvery) {
		minutes = append(minutes, minutesSince(from, next(at)))
	}
	return runLengths(minutes)
}

func minutesSince(from, at time.Time) int64 {
	if at.IsZero() {
		return never
	}
	if at.Unix() == 0 {
		return hangs
	}
	seconds := at.Unix() - from.Unix()
	if seconds%60 != 0 {
		panic("an activation is not on the minute")
	}
	return seconds / 60
}

// runLengths writes 5, 6, 7, 10 as "5 1x2 3".
func runLengths(values []int64) string {
	var text []string
	last, count, previous := int64(0), 0, int64(0)
	flush := func() {
		switch {
		case count == 1:
			text = append(text, fmt.Sprint(last))
		case count > 1:
			text = append(text, fmt.Sprintf("%dx%d", last, count))
		}
	}
	for _, value := range values {
		difference := value - previous
		if count > 0 && difference == last {
			count++
		} else {
			flush()
			last, count = difference, 1
		}
		previous = value
	}
	flush()
	return strings.Join(text, " ")
}
