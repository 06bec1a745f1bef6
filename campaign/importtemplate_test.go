package campaign

import (
	"strings"
	"testing"
)

func TestTemplateFits(t *testing.T) {
	m := ImportTemplate{Headings: []string{"Name", "Tel", "Column 3"}}
	for _, c := range []struct {
		headings string
		want     bool
	}{
		{"Name|Tel|Column 3", true},
		{" name |TEL|column 3", true},
		{"Tel|Name|Column 3", false},
		{"Name|Tel", false},
		{"Name|Tel|Column 3|More", false},
	} {
		if got := m.Fits(strings.Split(c.headings, "|")); got != c.want {
			t.Errorf("%s: %v", c.headings, got)
		}
	}
	if (&ImportTemplate{}).Fits(nil) {
		t.Error("a template without columns fits a file without")
	}
}

func TestTemplateValidate(t *testing.T) {
	good := func() ImportTemplate {
		return ImportTemplate{Name: "crm", Headings: []string{"Tel"}, Options: ImportOptions{Map: map[string]string{"1": "phone"}}}
	}
	for name, c := range map[string]struct {
		change func(*ImportTemplate)
		field  string
	}{
		"good":       {func(*ImportTemplate) {}, ""},
		"no name":    {func(m *ImportTemplate) { m.Name = "" }, "template.name"},
		"spaces":     {func(m *ImportTemplate) { m.Name = " crm" }, "template.name"},
		"control":    {func(m *ImportTemplate) { m.Name = "a\x00b" }, "template.name"},
		"long":       {func(m *ImportTemplate) { m.Name = strings.Repeat("x", 101) }, "template.name"},
		"no columns": {func(m *ImportTemplate) { m.Headings = nil }, "template.headings"},
		"no field":   {func(m *ImportTemplate) { m.Options.Map["1"] = "shoe" }, "template.options.map"},
		"no country": {func(m *ImportTemplate) { m.Options.Region = "ZZ" }, "options.region"},
	} {
		m := good()
		c.change(&m)
		err := m.Validate()
		if (err == nil) != (c.field == "") || err != nil && !strings.Contains(err.Error(), c.field) {
			t.Errorf("%s: %v, want a fault of %q", name, err, c.field)
		}
	}
}
