package net119

import "github.com/matoi119/matoi/stdif"

// Person is one registered user of the service (事前登録) with the places that
// were registered: home and the places the person often goes to.
type Person struct {
	ID         string               `json:"id"`
	Subscriber stdif.SubscriberInfo `json:"subscriber"`
	Medical    *stdif.Medical       `json:"medical,omitempty"`
	Contacts   []stdif.Contact      `json:"contacts,omitempty"`
	Home       stdif.Civic          `json:"home"`
	Often      []Often              `json:"often,omitempty"`
}

// Often is よく行く場所.
type Often struct {
	Label string      `json:"label"`
	Civic stdif.Civic `json:"civic"`
}

// exampleHQ is the code of a headquarters that does not exist.
const exampleHQ = "279999"

// Examples are the persons registered when the configuration names none.
func Examples() []Person {
	place := func(line, building, room string) stdif.Civic {
		return stdif.Civic{Prefecture: "大阪府", City: "例示市", Line: line, Building: building, Room: room}
	}
	return []Person{
		{
			ID: "hanako",
			Subscriber: stdif.SubscriberInfo{Name: "例示 花子", Kana: "レイジ ハナコ", Birth: "1980-01-01", Sex: "female",
				Phone: "+819000000000", Mail: "hanako@mail.example", Address: "大阪府例示市本町1-2-3 例示ハイツ201",
				Language: "ja", Communication: []string{"text", "sign"}},
			Medical:  &stdif.Medical{Conditions: []string{"喘息"}, Hospital: "例示中央病院"},
			Contacts: []stdif.Contact{{Name: "例示 太郎", Relation: "配偶者", Phone: "+819000000001"}},
			Home:     place("本町1-2-3", "例示ハイツ", "201"),
			Often: []Often{{Label: "勤務先", Civic: place("中町4-5-6", "例示ビル", "")},
				{Label: "図書館", Civic: place("緑町7", "例示市立図書館", "")}},
		},
		{
			ID: "jiro",
			Subscriber: stdif.SubscriberInfo{Name: "見本 次郎", Kana: "ミホン ジロウ", Birth: "1955-08-15", Sex: "male",
				Phone: "+819000000002", Mail: "jiro@mail.example", Address: "大阪府例示市南町8-9",
				Language: "ja", Communication: []string{"text", "hearing-aid"}},
			Medical:  &stdif.Medical{Conditions: []string{"高血圧"}, Medications: []string{"降圧薬"}, Allergies: []string{"ペニシリン"}},
			Contacts: []stdif.Contact{{Name: "見本 和子", Relation: "妻", Phone: "+819000000003"}},
			Home:     place("南町8-9", "", ""),
			Often:    []Often{{Label: "公民館", Civic: place("東町1", "例示公民館", "")}},
		},
		{
			ID: "maria",
			Subscriber: stdif.SubscriberInfo{Name: "Maria Sample", Kana: "マリア サンプル", Birth: "1992-05-05", Sex: "female",
				Phone: "+819000000004", Address: "大阪府例示市北町2-2 サンプル荘5", Language: "en", Communication: []string{"text"}},
			Home: place("北町2-2", "サンプル荘", "5"),
		},
	}
}
