package campaign

import "strings"

// rankFullName is the highest rank of a heading that surely means a person's whole name; above it (company,
// "Lead Name") the column names a lead only when nothing better does, and stays an attribute besides.
const rankFullName = 1

// headingWords are whole headings, folded by foldHeading, best first within a field.
var headingWords = []struct {
	field Field
	rank  int
	words string
}{
	{FieldName, 0, "name fullname contactname personname customerfullname leadfullname 姓名 名前 客户姓名 联系人姓名 姓名称呼 用户姓名 会员姓名 nombrecompleto nombreyapellido nombreyapellidos apellidoynombre apellidosynombres nomecompleto nomcomplet nometprenom vollstandigername ansprechpartner 氏名 お名前 이름 성명 фио"},
	{FieldName, 1, "contact contactperson 联系人 客户联系人 名字 收件人 收货人 业主姓名 患者姓名 学员姓名 称呼 nombredecontacto contacto"},
	{FieldName, 2, "客户名称 客户名 客户 客戶名稱 客戶名称 customername customer clientname client cliente kunde subscribername membername 会员名 用户名 业主"},
	{FieldName, 3, "leadname dealname opportunityname prospectname 名称 名稱"},
	{FieldName, 4, "company companyname account accountname organization organisation organizationname business businessname 公司 公司名称 公司名 企业名称 单位 单位名称 机构名称 empresa entreprise firma razonsocial societe"},
	{FieldFirstName, 0, "firstname givenname forename fname first 名 prenom vorname primernombre nombres nome nombre imie voornaam имя"},
	{FieldMiddleName, 0, "middlename middleinitial middle mi minitial segundonombre middlenames secondname отчество"},
	{FieldLastName, 0, "lastname surname familyname lname last 姓 姓氏 apellido apellidos sobrenome apelido nomdefamille nachname familienname cognome achternaam nazwisko фамилия"},
	{FieldLastName, 1, "nom"},
	{FieldExternalID, 0, "externalid externalref externalreference foreignid crmid extid"},
	{FieldExternalID, 1, "leadid contactid recordid prospectid customerid clientid accountid personid subscriberid memberid vendorleadcode vendorid vendorleadid uniqueid leadnumber leadno customernumber customerno 客户编号 客户id 编号 客户编码 线索id 线索编号 会员编号 用户id 学号 工单号 客户号 idcliente clienteid codigocliente kundennummer kundennr numeroclient idcontacto guid uuid"},
	{FieldExternalID, 2, "id key ref reference 唯一标识"},
	{FieldZone, 0, "timezone timezoneid tz tzone zoneinfo ianatimezone contacttimezone usertimezone hstimezone tzid localtimezone 时区 時區 所在时区 客户时区 zonahoraria fusohorario fuseauhoraire zeitzone fusoorario"},
	{FieldZone, 1, "zone"},
	{FieldCountry, 0, "country countryname countryregion 国家 國家 国家地区 国家或地区 所在国家 国别 国籍 pais paisregion pays land nation paese staat mailingcountry billingcountry homecountry countryterritory страна 国"},
	{FieldCountry, 1, "countrycode countryiso countryiso2 countryiso3 isocountry countrycodeiso iso2 iso3 国家代码 codigopais codigodepais codepays landercode landcode othercountry shippingcountry businesscountry"},
	{FieldDialCode, 0, "phonecode dialcode dialingcode diallingcode callingcode countrycallingcode countrydialcode countrydialingcode countrydiallingcode phonecountrycode phoneprefix countryprefix isd isdcode internationalcode intlcode idd 国际区号 國際區號 国家区号 国家码 国码 拨号代码 prefijo prefijopais ddi codigotelefonico indicatif indicatifpays landesvorwahl vorwahlland prefisso"},
	{FieldExtension, 0, "extension ext phoneextension phoneext extn 分机 分机号 分機 extensiontelefonica anexo interno ramal durchwahl poste"},
	{FieldAccount, 0, "accountnumber accountno acctno acctnumber acct acctid loanno loannumber loanid loanaccount loanaccountno loanaccountnumber debtid debtno debtnumber debtref debtreference creditaccount creditaccountnumber contractno contractnumber contractid agreementno agreementnumber agreementid policyno policynumber policyid 合同号 合同编号 合同号码 借据号 借据编号 贷款编号 贷款号 贷款合同号 贷款账号 账户号 账户编号 账户号码 保单号 保单编号 保单号码 案件编号 案件号 合約號碼 保單號碼 贷款合同编号 numerodecontrato numerocontrato nrocontrato nocontrato numerodecuenta numerocuenta nrocuenta numerodepoliza nropoliza numerodeprestamo nroprestamo numerodecontrat numerocontrat nocontrat numerodecompte numerodepret vertragsnummer vertragsnr vertragnr kontonummer kontonr darlehensnummer policennummer versicherungsnummer aktenzeichen"},
	{FieldAccount, 1, "loan debt contract policy 合同 借据 账户 帐户 账号 帐号 contrato prestamo poliza cuenta contrat pret compte vertrag konto"},
	{FieldState, 0, "state stateprovince stateorprovince stateregion stateprov stateterritory provincestate province statecode provincecode stateprovincecode usstate statename prov provincia 省 省份 州 省州 州省 省或州 所在省 所在省份 省市 bundesland"},
	{FieldState, 1, "mailingstate mailingstateprovince homestate billingstate billingstateprovince addressstate primarystate residencestate region estado etat provincias 地区 省区 所在地区"},
	{FieldState, 2, "shippingstate shippingstateprovince otherstate otherstateprovince businessstate workstate companystate"},
	{FieldPostal, 0, "zip zipcode postalcode postcode postal zippostal zippostalcode zipcodepostal postalzip postalzipcode ziporpostalcode uszip zipplus 邮编 邮政编码 郵遞區號 郵編 邮码 codigopostal codepostal postleitzahl plz cep cap"},
	{FieldPostal, 1, "mailingzip mailingzipcode mailingpostalcode mailingzippostalcode homezip homezipcode homepostalcode billingzip billingpostalcode billingzipcode billingzippostalcode cp"},
	{FieldPostal, 2, "shippingzip shippingpostalcode shippingzippostalcode otherzip otherpostalcode otherzippostalcode businesspostalcode"},
	{FieldConsent, 0, "consent consentgiven consenttocall callconsent phoneconsent tcpaconsent consentscope consentscopes consentimiento consentement consentimento einwilligung 同意 授权 同意致电 致电同意 同意呼叫 同意外呼 外呼授权 是否同意 是否授权"},
	{FieldConsentAt, 0, "consentat consentdate consentgivenat consentgivenon consentedat consenttime consenttimestamp dateofconsent fechaconsentimiento fechadeconsentimiento dateconsentement dateduconsentement einwilligungsdatum einwilligungam einwilligungvom 同意时间 同意日期 授权时间 授权日期"},
	{FieldConsentUntil, 0, "consentuntil consentexpires consentexpiry consentexpiresat consentexpirydate consentexpiration consentexpirationdate consentvaliduntil consentend consentenddate consentimientohasta consentementjusquau einwilligungbis 同意有效期 授权有效期 同意截止 授权截止 授权到期 授权到期日 同意到期日 授权截止日期"},
	{FieldConsentProof, 0, "consentproof proofofconsent consentevidence consentref consentreference consentrecording consentid consentformid consenturl consentdocument pruebaconsentimiento pruebadeconsentimiento preuveconsentement preuveduconsentement einwilligungsnachweis nachweiseinwilligung 同意证明 授权证明 同意凭证 授权凭证 授权书编号 授权编号 授权书"},
	{FieldConsentPurpose, 0, "consentpurpose purposeofconsent consentfor consenttype finalidadconsentimiento finalidaddelconsentimiento finaliteconsentement finaliteduconsentement einwilligungszweck 同意用途 授权用途 授权目的 同意目的"},
	{FieldPriority, 0, "priority leadpriority callpriority dialpriority 优先级 優先級 拨打优先级 prioridad prioridade priorite prioritat"},
}

// phoneWords make a heading a phone column wherever they stand in it.
var phoneWords = []string{
	"phone", "mobile", "telephone", "cellular", "telefon", "telefono", "telefone", "tel", "movil", "celular", "handy", "portable", "mobil",
	"mobiltelefon", "cell", "cellphone", "rufnummer", "telno", "mobileno", "contactnumber", "contactno", "whatsapp", "msisdn", "gsm", "phoneno", "telnr",
	"handynummer", "rufnr", "landline", "fono", "cel", "fijo", "cellulare", "telemovel", "mob", "ph", "phonenumber", "mobilenumber", "callingnumber", "ani",
	"primarynumber", "dialnumber", "numbertocall", "numero", "numbers", "numerodetelefono", "numerotelefono", "telefoon", "mobiel", "telefonnummer", "телефон", "мобильный",
	"手机", "手機", "电话", "電話", "联系方式", "聯繫方式", "号码", "號碼", "座机", "固话", "联系号", "移动电话", "전화", "휴대폰", "携帯", "連絡先",
}

// notPhoneWords keep a heading from being one, whatever else it says.
var notPhoneWords = []string{
	"fax", "type", "status", "carrier", "optin", "optout", "consent", "valid", "verified", "date", "time", "code", "count", "ext", "extension", "provider", "operator", "region",
	"email", "brand", "model", "notes", "note", "lastcall", "calls", "preference", "preferred", "donotcall", "dnc", "country", "lookup", "score", "label", "calllog", "attempts", "duration", "created", "modified", "owner", "agent", "bill", "plan", "vendor", "order", "invoice", "account",
	"传真", "傳真", "类型", "状态", "时间", "日期", "归属地", "运营商", "备注", "次数", "区号", "身份证", "订单", "微信", "qq", "账号", "帐号", "结果", "邮箱", "时长", "证件", "车牌", "员工", "坐席", "销售",
}

// anyPart says whether a word counts inside a folded heading too: long ones, and those of scripts without spaces.
func anyPart(w string) bool { return len(w) >= 5 || !isASCII(w) }

var byWord = func() map[string]Column {
	m := make(map[string]Column)
	for _, row := range headingWords {
		for w := range strings.FieldsSeq(row.words) {
			if _, ok := m[w]; !ok {
				m[w] = Column{Field: row.field, Rank: row.rank, Why: "heading"}
			}
		}
	}
	return m
}()

// byHeading takes a column for what its heading says, unless its cells contradict that.
func byHeading(heading string, cells []string) Column {
	if strings.HasPrefix(heading, "redial_") {
		return Column{Field: FieldIgnore, Why: "heading"}
	}
	if c, ok := byWord[foldHeading(heading)]; ok {
		return contradicted(c, heading, cells)
	}
	if label, rank, ok := phoneHeading(heading); ok {
		if len(cells) > 0 && share(cells, hasManyDigits) < 0.2 {
			return Column{Field: FieldAttribute}
		}
		return Column{Field: FieldPhone, Rank: rank, Label: label, Why: "heading"}
	}
	if personHeading(heading) {
		return contradicted(Column{Field: FieldName, Rank: rankFullName + 1, Why: "heading"}, heading, cells)
	}
	return Column{Field: FieldAttribute}
}

// personHeading says whether a longer heading means somebody's name: "Name of the customer", "Nombre de él o ella".
func personHeading(heading string) bool {
	words := headingParts(heading)
	for w := range strings.FieldsSeq("company organisation organization file user campaign product list owner event domain host column brand agent account school course source street city state country project item category store model job department bank doctor manager rep salesperson") {
		if words[w] || words[w+"s"] {
			return false
		}
	}
	if words["name"] || words["nombre"] || words["nome"] || words["fullname"] {
		return true
	}
	return strings.HasSuffix(foldHeading(heading), "姓名")
}

// contradicted looks at the cells of headings that mean different things in different files.
func contradicted(c Column, heading string, cells []string) Column {
	if len(cells) == 0 {
		return unseen(c, heading)
	}
	phones := share(cells, LooksLikePhone) > 0.6
	switch c.Field {
	case FieldName:
		switch {
		case phones:
			label, rank := phoneLabel(heading)
			return Column{Field: FieldPhone, Rank: rank, Label: label, Why: "cells"}
		case foldHeading(heading) == "account" && accountLike(cells):
			return Column{Field: FieldAccount, Rank: 1, Why: "cells"}
		}
	case FieldAccount:
		if !accountLike(cells) {
			return Column{Field: FieldAttribute}
		}
	case FieldState:
		if share(cells, func(s string) bool { _, ok := StateNamed(s); return ok }) < leastStates[min(c.Rank, 1)] {
			return Column{Field: FieldAttribute}
		}
	case FieldPostal:
		if share(cells, func(s string) bool { return len(s) <= 12 && digitsOf(s) != "" }) < 0.5 {
			return Column{Field: FieldAttribute}
		}
	case FieldConsent:
		if share(cells, func(s string) bool { _, ok := consentScopes(s); return ok }) < 0.5 {
			return Column{Field: FieldAttribute}
		}
	case FieldZone:
		if c.Rank > 0 && share(cells, func(s string) bool { _, ok := ZoneNamed(s); return ok }) < 0.5 {
			return Column{Field: FieldAttribute}
		}
	case FieldPriority:
		if share(cells, isWhole) < 0.9 {
			return Column{Field: FieldAttribute}
		}
	case FieldExternalID:
		if repeated(cells) {
			return Column{Field: FieldAttribute}
		}
	case FieldCountry:
		if c.Rank > 0 && share(cells, func(s string) bool { return isDigits(strings.TrimLeft(s, "+")) }) > 0.9 {
			return Column{Field: FieldDialCode, Why: "cells"}
		}
	case FieldDialCode:
		if share(cells, func(s string) bool { d := strings.TrimLeft(s, "+0"); return isDigits(d) && len(d) <= 4 || d == "" }) < 0.5 {
			return Column{Field: FieldAttribute}
		}
	default:
	}
	return c
}

// leastStates is the share of a column's cells that name a state or province of the United States or Canada, without
// which the column says nothing that is used: where the heading means states, and where it may mean other things.
var leastStates = [2]float64{0.1, 0.5}

// unseen is a column without cells to look at: what its heading alone says, unless that means too many things.
func unseen(c Column, heading string) Column {
	switch folded := foldHeading(heading); {
	case c.Field == FieldState && c.Rank == 1 && !strings.Contains(folded, "state"), c.Field == FieldAccount && c.Rank > 0:
		return Column{Field: FieldAttribute}
	}
	return c
}

// accountLike says whether cells could number accounts: they hold digits, and are not nearly all the same.
func accountLike(cells []string) bool {
	return !repeated(cells) && share(cells, func(s string) bool { return digitsOf(s) != "" }) >= 0.5
}

// phoneHeading says whether a heading means telephone numbers, with their label and rank.
func phoneHeading(heading string) (label string, rank int, ok bool) {
	folded, words := foldHeading(heading), headingParts(heading)
	for _, w := range notPhoneWords {
		if words[w] || anyPart(w) && strings.Contains(folded, w) {
			return "", 0, false
		}
	}
	for _, w := range phoneWords {
		if folded == w || words[w] || anyPart(w) && strings.Contains(folded, w) {
			label, rank = phoneLabel(heading)
			return label, rank, true
		}
	}
	return "", 0, false
}

// phoneLabel is what the heading calls the number, and its place in the order of dialling.
func phoneLabel(heading string) (label string, rank int) {
	folded, words := foldHeading(heading), headingParts(heading)
	has := func(list ...string) bool {
		for _, w := range list {
			if words[w] || anyPart(w) && strings.Contains(folded, w) || !isASCII(w) && strings.Contains(folded, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("alt", "altphone", "alternate", "alternative", "other", "secondary", "second", "additional", "备用", "其他", "其它", "otro", "outro", "autre", "2nd", "assistant", "emergency", "紧急"):
		return "alternative", 3
	case has("home", "landline", "house", "residence", "家庭", "住宅", "宅电", "座机", "固话", "casa", "fijo", "domicile", "privat", "particular"):
		return "home", 2
	case has("work", "office", "business", "company", "办公", "公司", "单位", "trabajo", "trabalho", "bureau", "oficina", "geschaftlich"):
		return "work", 1
	case has("mobile", "cell", "cellular", "cellphone", "手机", "手機", "移动", "celular", "movil", "handy", "portable", "mobil", "cel", "携帯", "휴대폰", "gsm", "telemovel"):
		return "mobile", 0
	}
	return "", 0
}

// KnownHeading says whether a cell reads like the heading of a column this product knows.
func KnownHeading(s string) bool {
	if len(s) > 80 {
		return false
	}
	if _, ok := byWord[foldHeading(s)]; ok {
		return true
	}
	if plainHeadings[foldHeading(s)] {
		return true
	}
	_, _, ok := phoneHeading(s)
	return ok && !hasManyDigits(s)
}

// plainHeadings are usual headings of columns that stay attributes: they tell a heading line from a first row.
var plainHeadings = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(`email emailaddress mail address address1 address2 street city state province stateregion zip zipcode postalcode postcode
		gender sex birthdate dateofbirth dob birthday comments comment notes note description website url jobtitle title salutation industry
		leadsource source leadstatus status createdate createddate createdtime date time fax age owner leadowner contactowner tags fecha hora correo
		ciudad direccion 备注 地址 地区 区域 邮箱 微信 性别 年龄 公司 类型 需求 来源 出生日期 联系地址 传真 省份 城市 类别 职业 行业 客户类型`) {
		m[w] = true
	}
	return m
}()
