package calendarfile

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"redial/campaign"
)

// column is what a column of a table holds.
type column string

const (
	columnDate   column = "date"
	columnTo     column = "to"
	columnKind   column = "kind"
	columnName   column = "name"
	columnPlace  column = "place"
	columnAs     column = "as"
	columnOpen   column = "open"
	columnClose  column = "close"
	columnSource column = "source"
)

// headings are what columns are called, in lower case, without spaces.
var headings = words(map[column]string{
	columnDate:   "date day from start startdate 日期 开始日期 起始日期 时间",
	columnTo:     "to until end enddate 结束日期 截止日期 至",
	columnKind:   "kind type 类型 类别 安排",
	columnName:   "name holiday summary title description 名称 节日 节假日 节日名称 说明",
	columnPlace:  "place region state country 地区 地点 区域 国家",
	columnAs:     "as like weekday 按 按星期 对应星期 补星期",
	columnOpen:   "open opens 开门 上班时间 开始时间",
	columnClose:  "close closes 关门 下班时间 结束时间",
	columnSource: "source url 来源 依据 出处",
})

var kinds = words(map[campaign.DayKind]string{
	campaign.DayHoliday: "holiday publicholiday off closed 放假 休 休息 假日 节假日 法定节假日 公休",
	campaign.DayWorking: "working work workday workingday makeup make-up 上班 补班 班 工作日 调休上班 补班日",
	campaign.DayClosure: "closure shut 停业 关闭 临时停业 停工",
})

var weekdays = words(map[time.Weekday]string{
	time.Monday: "mon monday 周一 星期一 礼拜一", time.Tuesday: "tue tuesday 周二 星期二 礼拜二", time.Wednesday: "wed wednesday 周三 星期三 礼拜三",
	time.Thursday: "thu thursday 周四 星期四 礼拜四", time.Friday: "fri friday 周五 星期五 礼拜五", time.Saturday: "sat saturday 周六 星期六 礼拜六",
	time.Sunday: "sun sunday 周日 星期日 星期天 周天 礼拜天 礼拜日",
})

func words[T comparable](m map[T]string) map[string]T {
	out := make(map[string]T)
	for t, all := range m {
		for w := range strings.FieldsSeq(all) {
			out[w] = t
		}
	}
	return out
}

// folded is a heading or a word as the tables above have it.
func folded(s string) string {
	return strings.ToLower(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '_' || r == '\t' || r == '　' }), ""))
}

// readCSV reads a table: its first row names the columns, in any order; lines that begin with # are remarks.
func (g *gathering) readCSV(text string) error {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.Comment, r.FieldsPerRecord, r.TrimLeadingSpace = delimiter(text), '#', -1, true
	var columns []column
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if e, ok := errors.AsType[*csv.ParseError](err); ok {
			return refused("line %d is no row of a table: %v", e.Line, e.Err)
		} else if err != nil {
			return fmt.Errorf("read a table: %w", err)
		}
		line, _ := r.FieldPos(0)
		if strings.TrimSpace(strings.Join(row, "")) == "" {
			continue
		}
		if columns == nil {
			if columns, err = g.heading(line, row); err != nil {
				return err
			}
			continue
		}
		cells := make(map[column]string)
		for i, cell := range row {
			if i < len(columns) && columns[i] != "" {
				cells[columns[i]] = strings.Join(strings.Fields(cell), " ")
			}
		}
		if err := g.row(line, cells); err != nil {
			return err
		}
	}
}

// delimiter is the one that the first line which is no remark has most of.
func delimiter(text string) rune {
	for l := range strings.Lines(text) {
		if strings.HasPrefix(l, "#") || strings.TrimSpace(l) == "" {
			continue
		}
		best, most := ',', strings.Count(l, ",")
		for _, c := range ";\t" {
			if n := strings.Count(l, string(c)); n > most {
				best, most = c, n
			}
		}
		return best
	}
	return ','
}

func (g *gathering) heading(line int, row []string) ([]column, error) {
	columns := make([]column, len(row))
	seen := make(map[column]bool)
	for i, cell := range row {
		c, ok := headings[folded(cell)]
		switch {
		case !ok:
			g.note(line, "the column %q is passed over: columns are date, to, kind, name, place, as, open, close and source", clip(cell, 40))
		case seen[c]:
			return nil, refused("line %d: two columns are the %s: leave one out", line, c)
		}
		columns[i], seen[c] = c, ok
	}
	if !seen[columnDate] {
		return nil, refused("line %d names no column date (日期): the first line must name the columns, such as date,kind,name", line)
	}
	if !seen[columnKind] {
		g.note(line, "there is no column kind (类型): every day is taken for a holiday")
	}
	return columns, nil
}

func (g *gathering) row(line int, cells map[column]string) error {
	if cells[columnDate] == "" {
		g.note(line, "has no date: passed over")
		return nil
	}
	first, last, err := readSpan(line, cells[columnDate], cells[columnTo])
	if err != nil {
		return err
	}
	d := campaign.Day{Kind: campaign.DayHoliday, Name: cells[columnName], Place: strings.ToUpper(cells[columnPlace]), Source: cells[columnSource]}
	if word := cells[columnKind]; word != "" {
		kind, ok := kinds[folded(word)]
		if !ok {
			return refused("line %d: %q is no kind of day: write holiday (放假), working (补班) or closure (停业)", line, clip(word, 40))
		}
		d.Kind = kind
	}
	if err := readWorking(line, cells, &d); err != nil {
		return err
	}
	return g.add(line, first, last, d)
}

// readWorking reads what a working day is like.
func readWorking(line int, cells map[column]string, d *campaign.Day) error {
	as, open, shut := cells[columnAs], cells[columnOpen], cells[columnClose]
	switch {
	case d.Kind != campaign.DayWorking:
		if as != "" || open != "" || shut != "" {
			return refused("line %d: a %s is closed: as, open and close belong to working days", line, d.Kind)
		}
		return nil
	case as != "" && open+shut != "":
		return refused("line %d: give either as or open and close", line)
	case open+shut != "":
		from, ok := clock(open)
		to, ok2 := clock(shut)
		if !ok || !ok2 || from >= to {
			return refused("line %d: %q to %q are no hours: write open and close as 09:00 and 17:00", line, open, shut)
		}
		d.Hours = []campaign.Window{{Days: [7]bool{true, true, true, true, true, true, true}, Open: from, Close: to}}
	case as != "":
		day, ok := weekdays[folded(as)]
		if !ok {
			return refused("line %d: %q is no day of the week: write mon (周一) to sun (周日)", line, clip(as, 40))
		}
		d.As = day
	default:
		d.As = time.Monday
	}
	return nil
}

// clock reads HH:MM, also with one digit of the hour.
func clock(s string) (int, bool) {
	if len(s) == 4 {
		s = "0" + s
	}
	return campaign.ParseClock(s)
}
