package campaign

import (
	"fmt"
	"strings"
	"testing"
)

// fieldsOf writes the fields of a mapping, attributes as "-".
func fieldsOf(m Mapping) string {
	var out []string
	for _, c := range m.Columns {
		f := string(c.Field)
		if c.Field == FieldAttribute {
			f = "-"
		}
		if c.Label != "" {
			f += ":" + c.Label
		}
		out = append(out, f)
	}
	return strings.Join(out, " ")
}

func TestHeadingsAreMatchedToFields(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ headings, want string }{
		{"姓名,手机,备注", "name phone:mobile -"},
		{"客户名称,联系电话,国家,时区,地区", "name phone country zone -"},
		{"名称,联系人,电话,传真,微信,区域", "name name phone - - -"},
		{"客户编号,姓名,手机号码,备用电话,家庭电话,优先级", "external_id name phone:mobile phone:alternative phone:home priority"},
		{"Name,Phone", "name phone"},
		{"First Name,Middle Name,Last Name,Mobile Phone Number", "first_name middle_name last_name phone:mobile"},
		{"FirstName,LastName,MobilePhone,Phone,Fax,HomePhone,OtherPhone,Lead ID", "first_name last_name phone:mobile phone - phone:home phone:alternative external_id"},
		{"Record ID,First Name,Last Name,Phone Number,Country/Region,Time Zone", "external_id first_name last_name phone country zone"},
		{"Record Id,Lead Owner,Company,Lead Name,Email,Phone,Mobile,Fax", "external_id - name name - phone phone:mobile -"},
		{"firstname,lastname,email,phone,mobile,country,company", "first_name last_name - phone phone:mobile country name"},
		{"telefono,Nombre,Apellido,celular,País", "phone first_name last_name phone:mobile country"},
		{"Teléfono fijo,Nombre completo", "phone:home name"},
		{"Telefone,Nome,Sobrenome,Celular", "phone first_name last_name phone:mobile"},
		{"Téléphone,Prénom,Nom,Pays", "phone first_name last_name country"},
		{"Telefonnummer,Vorname,Nachname,Handynummer,Land", "phone first_name last_name phone:mobile country"},
		{"vendor_lead_code,phone_code,phone_number,first_name,last_name,alt_phone", "external_id dial_code phone first_name last_name phone:alternative"},
		{"Phone Type,Phone,Phone Status,Do Not Call,Phone Ext", "- phone - - extension"},
		{"Home_Phone__c,Phone,Phone (2)", "phone:home phone phone"},
		{"Contact Number,Order Number,Account Number,Number of calls", "phone - account -"},
		{"Company Phone,Work Phone,Assistant Phone", "phone:work phone:work phone:alternative"},
		{"Loan No.,Phone,State/Province,ZIP/Postal Code,Consent,Consent_At,Consent Until,consent-proof,Consent Purpose", "account phone state postal consent consent_at consent_until consent_proof consent_purpose"},
		{"借据号,手机,省份,邮编,同意致电,授权日期,授权截止,授权凭证,授权用途", "account phone:mobile state postal consent consent_at consent_until consent_proof consent_purpose"},
		{"Número de contrato,Teléfono,Provincia,Código postal,Consentimiento", "account phone state postal consent"},
		{"Vertragsnummer,Telefon,Bundesland,PLZ,Einwilligung", "account phone state postal consent"},
		{"Mailing State,Other State,Mailing Zip,Phone,Region,地区", "state state postal phone - -"},
		{"redial_line,redial_reason,Phone", "ignore ignore phone"},
		{"Id,External_id__c,OwnerId", "- external_id -"},
	} {
		m, err := MatchHeader(strings.Split(c.headings, ","), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := fieldsOf(m); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.headings, got, c.want)
		}
	}
}

func TestPhonesAreOrderedMainBeforeOthers(t *testing.T) {
	t.Parallel()
	m, err := MatchHeader([]string{"Home Phone", "Alt Phone", "Phone", "Mobile", "Work Phone"}, nil, nil)
	if got := fmt.Sprint(m.Phones); err != nil || got != "[2 3 4 0 1]" {
		t.Errorf("got %v, %v", got, err)
	}
}

// A template gives every column as it was guessed once: numbers are dialled in the same order, whatever its cells are now.
func TestGivenPhonesKeepTheirOrder(t *testing.T) {
	t.Parallel()
	headings := []string{"Home Phone", "Mobile", "Name"}
	given := map[string]string{"Home Phone": "phone", "Mobile": "phone", "Name": "name"}
	for _, cells := range [][][]string{nil, {{"none", "ask", "Ada"}}} {
		if m, err := MatchHeader(headings, cells, given); err != nil || fmt.Sprint(m.Phones) != "[1 0]" {
			t.Errorf("%v: %v, %v", cells, m.Phones, err)
		}
	}
}

func TestCellsDecideWhereHeadingsDoNot(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, headings string
		sample         []string
		want           string
	}{
		{"unknown heading", "a,b", []string{"Ann,+12125550123", "Bob,+12125550124"}, "- phone"},
		{"no heading", ",", []string{"Ann Lee,2125550123", "Bob Ray,2125550199", "Cy Doe,2125550111"}, "name phone"},
		{"ids are no phones", "a,Order ID", []string{"x,2125550123", "y,2125550124"}, "- -"},
		{"dates, amounts, zips, addresses are no phones", "a,b,c,d", []string{"2024-01-02,1234567.50,90210-1234x,192.168.100.200", "2024-01-03,2234567.50,90210-1235x,192.168.100.201"}, "- - - -"},
		{"counting up is no phone", "a", []string{"1000000001", "1000000002", "1000000003", "1000000004"}, "-"},
		{"timestamps", "seen", []string{"1700000000", "1700000100", "1700000200", "1700000300"}, "-"},
		{"a contact may be a number", "Contact", []string{"+12125550123", "+12125550124"}, "phone"},
		{"a contact may be a person", "Contact", []string{"Ann Lee", "Bob Ray"}, "name"},
		{"a country code may dial", "Country Code,Phone", []string{"44,2079460018", "1,2125550123"}, "dial_code phone"},
		{"a country code may name", "Country Code,Phone", []string{"GB,2079460018", "US,2125550123"}, "country phone"},
		{"phone by name, not by cells", "Phone", []string{"yes", "no", "yes"}, "-"},
		{"repeated ids identify nobody", "Customer ID,Phone", []string{"7,1", "7,2", "7,3", "7,4"}, "- -"},
		{"priority of words", "Priority,Phone", []string{"High,2125550123", "Low,2125550124"}, "- phone"},
		{"priority of numbers", "Priority,Phone", []string{"3,2125550123", "1,2125550124"}, "priority phone"},
		{"a state of no country that has any", "Phone,State", []string{"2125550123,open", "2125550124,closed"}, "phone -"},
		{"states", "Phone,Region,省份", []string{"2125550123,GA,佐治亚州", "2125550124,Florida,加州"}, "phone state state"},
		{"regions that are none", "Phone,Region", []string{"2125550123,EMEA", "2125550124,GA", "2125550124,APAC"}, "phone -"},
		{"an account may be a company", "Phone,Account", []string{"2125550123,Acme", "2125550124,Bolt"}, "phone name"},
		{"an account may be a debt", "Phone,Account", []string{"2125550123,4411-2", "2125550124,4412-9"}, "phone account"},
		{"one account for all is none", "Phone,Contract", []string{"2125550123,C-1", "2125550124,C-1", "2125550125,C-1", "2125550126,C-1"}, "phone -"},
		{"a consent that is something else", "Phone,Consent", []string{"2125550123,see file", "2125550124,letter of May"}, "phone -"},
		{"another phone column is not guessed beside a named one", "Phone,aux", []string{"2125550123,2125550124"}, "phone -"},
	} {
		var sample [][]string
		for _, s := range c.sample {
			sample = append(sample, strings.Split(s, ","))
		}
		m, err := MatchHeader(strings.Split(c.headings, ","), sample, nil)
		if got := fieldsOf(m); err != nil || got != c.want {
			t.Errorf("%s: got %q, %v, want %q", c.name, got, err, c.want)
		}
	}
}

func TestOverridesWin(t *testing.T) {
	t.Parallel()
	headings := []string{"Phone", "Contact", "Ref", "", "Phone"}
	m, err := MatchHeader(headings, nil, map[string]string{"phone": "ignore", "2": "first_name", "Ref": "external_id", "Column 4": "phone", "Phone (2)": "Phone"})
	if got := fieldsOf(m); err != nil || got != "ignore first_name external_id phone phone" {
		t.Errorf("got %q, %v", got, err)
	}
	m, err = MatchHeader([]string{"Country", "Land"}, nil, map[string]string{"Land": "country"})
	if got := fieldsOf(m); err != nil || got != "- country" {
		t.Errorf("the given column is not the one: got %q, %v", got, err)
	}
	for column, field := range map[string]string{"Telephone": "phone", "9": "phone", "Ref": "telephone", "": "phone"} {
		_, err := MatchHeader(headings, nil, map[string]string{column: field})
		if KindOf(err) != KindInvalid || !strings.Contains(err.Error(), "map") || !strings.Contains(err.Error(), column) {
			t.Errorf("%s=%s: got %v", column, field, err)
		}
	}
	if _, err := MatchHeader(headings, nil, map[string]string{"Ref": "fone"}); err == nil || !strings.Contains(err.Error(), "external_id, zone") {
		t.Errorf("the choices are not listed: %v", err)
	}
}

func TestHeadingsBecomeUnique(t *testing.T) {
	t.Parallel()
	got := UniqueHeadings([]string{"Phone", " phone ", "", "Phone (2)", "a\nb", "", "Column 6"})
	want := "Phone|phone (2)|Column 3|Phone (2) (2)|a b|Column 6|Column 6 (2)"
	if strings.Join(got, "|") != want {
		t.Errorf("got %s\nwant %s", strings.Join(got, "|"), want)
	}
}

func TestLooksLikePhone(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"2125550123": true, "+442079460018": true, "(212) 555-0123": true, "212-555-0123x12": true, "13800138000.0": true, "'13800138000": true, "１３８００１３８０００": true, "020 7946 0018": true,
		"": false, "12345": false, "2024-01-02": false, "2024-01-02 10:00": false, "15 Apr, 2021 00:03:00": false, "1,234,567": false, "1234567.89": false, "192.168.100.200": false, "90210": false,
		"7927b2df-8bba-4d29": false, "Ann": false, "12345678901234567890": false, "4.51119775197299": false, "660737": false,
	} {
		if LooksLikePhone(s) != want {
			t.Errorf("%q: got %v", s, !want)
		}
	}
}

func TestZonesAreNamedInManyWays(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"America/New_York": "America/New_York", "america/new_york": "America/New_York", "America/New York": "America/New_York", "Asia/Shanghai": "Asia/Shanghai",
		"America/Argentina/Buenos_Aires": "America/Argentina/Buenos_Aires", "Eastern Time (US & Canada)": "America/New_York", "(GMT-05:00) Eastern Time (US & Canada)": "America/New_York",
		"China Standard Time": "Asia/Shanghai", "北京时间": "Asia/Shanghai", "UTC": "UTC", "UTC+8": "Etc/GMT-8", "GMT-3": "Etc/GMT+3", "(UTC+05:00)": "Etc/GMT-5", "PST": "America/Los_Angeles",
		"": "", "Mars/Olympus": "", "Local": "", "../etc/passwd": "", "UTC+99": "", "UTC+5:30": "", "soon": "",
	} {
		got, ok := ZoneNamed(cell)
		if got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v", cell, got, ok)
		}
	}
}

func FuzzHeader(f *testing.F) {
	f.Add("Name,Phone,,Phone", "Ann,2125550123,x,y", "Phone", "phone")
	f.Add("姓名,手机", "王,13800138000", "1", "ignore")
	f.Add(",,", "", "", "")
	f.Fuzz(func(t *testing.T, headings, row, column, field string) {
		hs := strings.Split(headings, ",")
		overrides := map[string]string{}
		if column != "" {
			overrides[column] = field
		}
		m, err := MatchHeader(hs, [][]string{strings.Split(row, ",")}, overrides)
		if err != nil {
			if KindOf(err) != KindInvalid {
				t.Fatal(err)
			}
			return
		}
		seen, phones := map[string]bool{}, 0
		for _, c := range m.Columns {
			if c.Heading == "" || seen[c.Heading] || c.Field == "" {
				t.Fatalf("column %+v of %q", c, headings)
			}
			seen[c.Heading] = true
			if c.Field == FieldPhone {
				phones++
			}
		}
		if len(m.Columns) != len(hs) || phones != len(m.Phones) {
			t.Fatalf("%q became %+v", headings, m)
		}
	})
}
