package additional

import (
	"strings"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/write"
)

// EncodeComment writes a text as a block; "" for no text.
func EncodeComment(text, provider string) string {
	if text == "" {
		return ""
	}
	var d write.Doc
	begin(&d, "Comment", provider)
	d.Text("Comment", text)
	return d.String()
}

func begin(d *write.Doc, name, provider string) {
	d.Open(rootPrefix+name, "xmlns", nsBlock+name)
	d.Text("DataProviderReference", provider)
}

// EncodeProxy writes an operator who speaks for the caller (代理通報) as a
// ProviderInfo; Read makes the same Proxy of it, but for the state of
// verification and the time of answer, which RFC 7852 has no element for.
func EncodeProxy(p *stdif.Proxy, provider string) string {
	if p == nil || p.Organisation == "" && p.Callback == "" {
		return ""
	}
	var d write.Doc
	begin(&d, "ProviderInfo", provider)
	d.Text("DataProviderString", p.Organisation)
	d.Text("TypeOfProvider", "Relay Provider")
	if p.Callback != "" {
		d.Text("ContactURI", "tel:"+p.Callback)
	}
	if p.Operator != "" {
		d.Open("DataProviderContact")
		d.Open("vcard", "xmlns", nsCard)
		d.Open("fn")
		d.Text("text", p.Operator)
		d.Close(3)
	}
	return d.String()
}

var letters = map[string]string{"male": "M", "female": "F", "other": "O", "unknown": "U"}

// EncodeSubscriber writes what a caller registered as a SubscriberInfo. Kana and
// means of communication have no place in a card and are left out.
func EncodeSubscriber(s *stdif.SubscriberInfo, provider string) string {
	if s == nil || empty(s) {
		return ""
	}
	var d write.Doc
	begin(&d, "SubscriberInfo", provider)
	d.Open("SubscriberData")
	d.Open("vcard", "xmlns", nsCard)
	value := func(name, kind, text string) {
		if text != "" {
			d.Open(name)
			d.Text(kind, text)
			d.Close(1)
		}
	}
	value("fn", "text", s.Name)
	if date := birth(s.Birth); date != "" {
		value("bday", "date", strings.ReplaceAll(date, "-", "")) // RFC 6350, §4.3.1
	}
	value("gender", "sex", letters[s.Sex])
	value("lang", "language-tag", s.Language)
	if s.Address != "" {
		d.Open("adr")
		d.Open("parameters")
		d.Open("label")
		d.Text("text", s.Address)
		d.Close(3)
	}
	if s.Phone != "" {
		value("tel", "uri", "tel:"+s.Phone)
	}
	value("email", "text", s.Mail)
	return d.String()
}
