package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"reslog/client"
)

// Sizes of a chart, in characters.
const (
	chartWidth  = 72
	chartHeight = 8
	barWidth    = 40
	labelWidth  = 30
	maxBars     = 40
	maxSeries   = 24
)

// drawChart draws what a render operator asks for as far as characters can. It
// reports false when the rows are better printed: no numbers, or no such chart.
func drawChart(out io.Writer, t client.QueryTable, r *client.QueryRender) bool {
	if len(t.Rows) == 0 {
		return false
	}
	c := chart{out: out, table: t, render: r}
	switch r.Visualization {
	case "barchart", "columnchart", "piechart", "treemap":
		return c.bars(r.Visualization == "piechart")
	case "timechart", "linechart", "areachart", "stackedareachart", "scatterchart", "anomalychart":
		return c.lines()
	}
	return false
}

type chart struct {
	out    io.Writer
	table  client.QueryTable
	render *client.QueryRender
}

// column is the index of a column by name, or of the first that is right.
func (c *chart) column(name string, right func(typ string) bool) int {
	return slices.IndexFunc(c.table.Columns, func(col client.QueryColumn) bool {
		return col.Name == name || name == "" && right(col.Type)
	})
}

// values are the columns that are drawn: those named, or all numbers but x.
func (c *chart) values(x int) []int {
	var list []int
	for i, col := range c.table.Columns {
		if i == x || !isNumeric(col.Type) {
			continue
		}
		if len(c.render.YColumns) == 0 || slices.Contains(c.render.YColumns, col.Name) {
			list = append(list, i)
		}
	}
	return list
}

func (c *chart) title() {
	if c.render.Title != "" {
		fmt.Fprintln(c.out, plain(c.render.Title))
	}
}

// number is a cell as one; NaN when it is none.
func number(v any) float64 {
	switch v := v.(type) {
	case json.Number:
		if f, err := v.Float64(); err == nil {
			return f
		}
	case string: // decimals
		if f, err := strconv.ParseFloat(v, 64); err == nil {
			return f
		}
	}
	return math.NaN()
}

// bars draws a bar for every row and value, with shares of the whole for a pie.
func (c *chart) bars(shares bool) bool {
	x := c.column(c.render.XColumn, func(typ string) bool { return !isNumeric(typ) })
	if x < 0 {
		x = 0
	}
	ys := c.values(x)
	if len(ys) == 0 {
		return false
	}
	type bar struct {
		label string
		value float64
	}
	var list []bar
	highest, sum, width := 0.0, 0.0, 0
	for _, row := range c.table.Rows {
		for _, y := range ys {
			v := number(row[y])
			if math.IsNaN(v) || math.IsInf(v, 0) {
				continue
			}
			label := c.label(row, x, y, ys)
			list = append(list, bar{label, v})
			highest, sum, width = max(highest, v), sum+v, max(width, utf8.RuneCountInString(label))
		}
	}
	c.title()
	for i, b := range list {
		if i == maxBars {
			fmt.Fprintf(c.out, "… and %d more\n", len(list)-maxBars)
			break
		}
		line := b.label + strings.Repeat(" ", width-utf8.RuneCountInString(b.label)) + "  " + blocks(b.value, highest, barWidth) + " " + short(b.value)
		if shares && sum > 0 {
			line += fmt.Sprintf("  %.1f %%", 100*b.value/sum)
		}
		fmt.Fprintln(c.out, line)
	}
	return true
}

// label names a bar: the value of x and of other words in its row, and the column
// where there are several.
func (c *chart) label(row []any, x, y int, ys []int) string {
	parts := []string{c.text(row[x], c.table.Columns[x].Type)}
	for i, col := range c.table.Columns {
		if i != x && !isNumeric(col.Type) {
			parts = append(parts, c.text(row[i], col.Type))
		}
	}
	if len(ys) > 1 {
		parts = append(parts, c.table.Columns[y].Name)
	}
	return shorten(plain(strings.Join(parts, ", ")), labelWidth)
}

// text is a value of an axis; times lose what they do not need.
func (c *chart) text(v any, typ string) string {
	s := cell(v)
	if typ == "datetime" {
		s = strings.TrimSuffix(strings.TrimSuffix(strings.Replace(s, "T", " ", 1), "Z"), ":00")
	}
	if s == "" {
		return "(empty)"
	}
	return s
}

// blocks is a bar of a length, to an eighth of a character.
func blocks(v, highest float64, width int) string {
	if v <= 0 || highest <= 0 {
		return ""
	}
	eighths := int(math.Round(v / highest * float64(width) * 8))
	bar := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		bar += string([]rune("▏▎▍▌▋▊▉")[rest-1])
	}
	return bar
}

// short is a number that is easy to read.
func short(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e9 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// series is a line of a chart: sums and counts of what falls into each column.
type series struct {
	name   string
	points []point
}

type point struct{ x, y float64 }

// lines draws values over time or a number.
func (c *chart) lines() bool {
	x := c.column(c.render.XColumn, func(typ string) bool { return typ == "datetime" })
	if x < 0 {
		x = c.column("", isNumeric)
	}
	if x < 0 || len(c.values(x)) == 0 {
		return false
	}
	all, from, to := c.collect(x)
	if len(all) == 0 {
		return false
	}
	lowest, highest := 0.0, math.Inf(-1)
	columns := make([][]float64, len(all))
	for i, s := range all {
		columns[i] = s.columns(from, to)
		for _, v := range columns[i] {
			if !math.IsNaN(v) {
				lowest, highest = min(lowest, v), max(highest, v)
			}
		}
	}
	c.title()
	if len(all) == 1 {
		c.tall(columns[0], lowest, highest)
	} else {
		c.flat(all, columns, lowest, highest)
	}
	c.axis(x, from, to, len(all) == 1)
	return true
}

// collect sorts the rows into series by the words in them and the value columns.
func (c *chart) collect(x int) (list []series, from, to float64) {
	from, to = math.Inf(1), math.Inf(-1)
	index := map[string]int{}
	ys := c.values(x)
	for _, row := range c.table.Rows {
		at := c.position(row[x], c.table.Columns[x].Type)
		if math.IsNaN(at) {
			continue
		}
		from, to = min(from, at), max(to, at)
		var words []string
		for i, col := range c.table.Columns {
			if i != x && !isNumeric(col.Type) {
				words = append(words, c.text(row[i], col.Type))
			}
		}
		for _, y := range ys {
			v := number(row[y])
			if math.IsNaN(v) || math.IsInf(v, 0) {
				continue
			}
			name := strings.Join(words, ", ")
			if len(ys) > 1 || name == "" {
				name = strings.TrimPrefix(name+", "+c.table.Columns[y].Name, ", ")
			}
			i, ok := index[name]
			if !ok {
				i = len(list)
				index[name] = i
				list = append(list, series{name: name})
			}
			list[i].points = append(list[i].points, point{at, v})
		}
	}
	return list, from, to
}

// position is where a value lies on the axis.
func (c *chart) position(v any, typ string) float64 {
	if typ != "datetime" {
		return number(v)
	}
	t, err := time.Parse(time.RFC3339Nano, cell(v))
	if err != nil {
		return math.NaN()
	}
	return float64(t.UnixNano())
}

// columns are the means of what falls into each column of the chart; NaN where
// nothing does, but between points there is a line.
func (s *series) columns(from, to float64) []float64 {
	sums, counts := make([]float64, chartWidth), make([]int, chartWidth)
	for _, p := range s.points {
		i := 0
		if to > from {
			i = min(chartWidth-1, int((p.x-from)/(to-from)*chartWidth))
		}
		sums[i] += p.y
		counts[i]++
	}
	last := -1
	for i := range sums {
		if counts[i] == 0 {
			sums[i] = math.NaN()
			continue
		}
		sums[i] /= float64(counts[i])
		for j := last + 1; last >= 0 && j < i; j++ {
			sums[j] = sums[last] + (sums[i]-sums[last])*float64(j-last)/float64(i-last)
		}
		last = i
	}
	return sums
}

// level is how high a value is, in eighths of a line.
func level(v, lowest, highest float64, height int) int {
	if math.IsNaN(v) {
		return 0
	}
	if highest <= lowest {
		return 1
	}
	return max(1, int(math.Round((v-lowest)/(highest-lowest)*float64(height*8))))
}

var eighths = []rune(" ▁▂▃▄▅▆▇█")

// tall draws one series over several lines.
func (c *chart) tall(values []float64, lowest, highest float64) {
	for row := chartHeight - 1; row >= 0; row-- {
		label := ""
		switch row {
		case chartHeight - 1:
			label = short(highest)
		case 0:
			label = short(lowest)
		}
		var b strings.Builder
		for _, v := range values {
			b.WriteRune(eighths[max(0, min(8, level(v, lowest, highest, chartHeight)-row*8))])
		}
		fmt.Fprintf(c.out, "%10s │%s\n", label, strings.TrimRight(b.String(), " "))
	}
}

// flat draws each series in a line of its own, all to one scale, the highest first.
func (c *chart) flat(all []series, columns [][]float64, lowest, highest float64) {
	order := make([]int, len(all))
	tops := make([]float64, len(all))
	for i := range all {
		order[i], tops[i] = i, math.Inf(-1)
		for _, p := range all[i].points {
			tops[i] = max(tops[i], p.y)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(tops[b], tops[a]) })
	for n, i := range order {
		if n == maxSeries {
			fmt.Fprintf(c.out, "… and %d more\n", len(all)-maxSeries)
			break
		}
		var b strings.Builder
		for _, v := range columns[i] {
			b.WriteRune(eighths[level(v, lowest, highest, 1)])
		}
		fmt.Fprintf(c.out, "%*s │%s│ %s\n", labelWidth, shorten(plain(all[i].name), labelWidth), b.String(), short(tops[i]))
	}
}

// axis draws where the chart begins and ends.
func (c *chart) axis(x int, from, to float64, tall bool) {
	indent := labelWidth
	if tall {
		indent = 10
	}
	ends := [2]string{short(from), short(to)}
	if c.table.Columns[x].Type == "datetime" {
		for i, at := range []float64{from, to} {
			ends[i] = time.Unix(0, int64(at)).UTC().Format(time.DateTime)
		}
	}
	gap := max(1, chartWidth-len(ends[0])-len(ends[1]))
	fmt.Fprintf(c.out, "%*s └%s\n%*s  %s%s%s\n", indent, "", strings.Repeat("─", chartWidth), indent, "", ends[0], strings.Repeat(" ", gap), ends[1])
}
