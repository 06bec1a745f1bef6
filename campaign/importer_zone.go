package campaign

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// zoneWords are names of zones as CRMs and people write them, folded by foldHeading.
var zoneWords = map[string]string{
	"eastern": "America/New_York", "easterntime": "America/New_York", "easternstandardtime": "America/New_York", "easterntimeuscanada": "America/New_York", "et": "America/New_York", "est": "America/New_York", "edt": "America/New_York", "useastern": "America/New_York",
	"central": "America/Chicago", "centraltime": "America/Chicago", "centralstandardtime": "America/Chicago", "centraltimeuscanada": "America/Chicago", "ct": "America/Chicago", "cdt": "America/Chicago", "uscentral": "America/Chicago",
	"mountain": "America/Denver", "mountaintime": "America/Denver", "mountainstandardtime": "America/Denver", "mountaintimeuscanada": "America/Denver", "mt": "America/Denver", "mst": "America/Denver", "mdt": "America/Denver", "usmountain": "America/Denver",
	"pacific": "America/Los_Angeles", "pacifictime": "America/Los_Angeles", "pacificstandardtime": "America/Los_Angeles", "pacifictimeuscanada": "America/Los_Angeles", "pt": "America/Los_Angeles", "pst": "America/Los_Angeles", "pdt": "America/Los_Angeles", "uspacific": "America/Los_Angeles",
	"alaska": "America/Anchorage", "akst": "America/Anchorage", "hawaii": "Pacific/Honolulu", "hst": "Pacific/Honolulu", "arizona": "America/Phoenix", "atlantictime": "America/Halifax", "newfoundland": "America/St_Johns",
	"chinastandardtime": "Asia/Shanghai", "北京时间": "Asia/Shanghai", "北京": "Asia/Shanghai", "中国标准时间": "Asia/Shanghai", "beijing": "Asia/Shanghai", "上海": "Asia/Shanghai", "东八区": "Asia/Shanghai",
	"香港": "Asia/Hong_Kong", "台北": "Asia/Taipei", "东京": "Asia/Tokyo", "tokyostandardtime": "Asia/Tokyo", "jst": "Asia/Tokyo", "kst": "Asia/Seoul", "singaporestandardtime": "Asia/Singapore", "indiastandardtime": "Asia/Kolkata",
	"gmtstandardtime": "Europe/London", "bst": "Europe/London", "london": "Europe/London", "weuropestandardtime": "Europe/Berlin", "centraleuropeanstandardtime": "Europe/Warsaw", "romancestandardtime": "Europe/Paris", "cet": "Europe/Berlin", "cest": "Europe/Berlin",
	"auseasternstandardtime": "Australia/Sydney", "aest": "Australia/Sydney", "aedt": "Australia/Sydney", "awst": "Australia/Perth", "acst": "Australia/Adelaide", "newzealandstandardtime": "Pacific/Auckland", "nzst": "Pacific/Auckland",
	"esouthamericastandardtime": "America/Sao_Paulo", "brt": "America/Sao_Paulo", "argentinastandardtime": "America/Argentina/Buenos_Aires", "russianstandardtime": "Europe/Moscow", "msk": "Europe/Moscow", "southafricastandardtime": "Africa/Johannesburg", "sast": "Africa/Johannesburg",
	"utc": "UTC", "gmt": "UTC", "z": "UTC",
}

var (
	offsetZone = regexp.MustCompile(`^\(?\s*(?:UTC|GMT)\s*([+-])\s*(\d{1,2})(?::?00)?\s*\)?\s*$`)
	afterParen = regexp.MustCompile(`^\((?:UTC|GMT)[^)]*\)\s*(.+)$`)
	ianaName   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){1,2}$`)
	zoneCache  sync.Map // cell → zone; only of good ones, so that it is bounded by the zones there are times their spellings
)

// ZoneNamed is the IANA zone that a cell names: by its IANA name in any case, by a usual name ("Eastern Time (US &
// Canada)", 北京时间), or as whole hours from UTC ("UTC+8").
func ZoneNamed(cell string) (string, bool) {
	cell = strings.TrimSpace(foldWidth(cell))
	if cell == "" || len(cell) > 64 {
		return "", false
	}
	if z, ok := zoneCache.Load(cell); ok {
		return z.(string), true
	}
	zone, ok := zoneNamed(cell)
	if ok {
		zoneCache.Store(cell, zone)
	}
	return zone, ok
}

func zoneNamed(cell string) (string, bool) {
	name := strings.ReplaceAll(cell, " ", "_")
	if ianaName.MatchString(name) {
		for _, try := range []string{name, titleZone(name)} {
			if l, err := time.LoadLocation(try); err == nil {
				return l.String(), true
			}
		}
	}
	if m := offsetZone.FindStringSubmatch(strings.ToUpper(cell)); m != nil {
		return fixedZone(m[1], m[2])
	}
	if m := afterParen.FindStringSubmatch(cell); m != nil {
		cell = m[1]
	}
	if strings.ContainsAny(cell, "0123456789") {
		return "", false
	}
	zone, ok := zoneWords[foldHeading(cell)]
	return zone, ok
}

// titleZone writes america/new_york as America/New_York.
func titleZone(s string) string {
	b := []byte(strings.ToLower(s))
	for i := range b {
		if (i == 0 || b[i-1] == '/' || b[i-1] == '_' || b[i-1] == '-') && b[i] >= 'a' && b[i] <= 'z' {
			b[i] -= 'a' - 'A'
		}
	}
	return string(b)
}

// fixedZone is Etc/GMT-8 for UTC+8: the sign of those names is turned round.
func fixedZone(sign, hours string) (string, bool) {
	n, err := strconv.Atoi(hours)
	if err != nil || n > 14 || sign == "-" && n > 12 {
		return "", false
	}
	if n == 0 {
		return "UTC", true
	}
	turned := map[string]string{"+": "-", "-": "+"}[sign]
	return "Etc/GMT" + turned + strconv.Itoa(n), true
}
