// Package i18n is the one catalogue of words for Go and for the web pages:
// ja.json and en.json hold the same flat keys ("claim.held"), with {name}
// places. Screens are Japanese first; English is the second language.
//
// A key that is missing is a fault of the program and must never be silent:
// Sentence then returns the key itself, and this package's tests find every
// key that Go code or a page names and no catalogue holds.
//
// English plurals are two keys, "….one" and "….other"; Japanese gives both the
// same sentence.
package i18n

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

//go:embed ja.json en.json
var files embed.FS

// Languages of the catalogue. Japanese is the default everywhere.
const (
	Japanese = "ja"
	English  = "en"
)

var catalogue = sync.OnceValue(load)

func load() map[string]map[string]string {
	all := make(map[string]map[string]string, 2)
	for _, lang := range []string{Japanese, English} {
		text, err := files.ReadFile(lang + ".json")
		if err != nil {
			panic("i18n: embedded catalogue is missing: " + err.Error())
		}
		words := make(map[string]string)
		if err := json.Unmarshal(text, &words); err != nil {
			panic(fmt.Sprintf("i18n: %s.json is not a flat object of strings: %v", lang, err))
		}
		all[lang] = words
	}
	return all
}

// Sentence returns the words of key in lang with {name} places filled from
// args. An unknown language reads Japanese; an unknown key comes back as it is.
// Values are put in once and never searched for places themselves.
func Sentence(lang, key string, args map[string]string) string {
	words, ok := catalogue()[lang]
	if !ok {
		words = catalogue()[Japanese]
	}
	sentence, ok := words[key]
	if !ok {
		return key
	}
	if len(args) == 0 {
		return sentence
	}
	pairs := make([]string, 0, 2*len(args))
	for _, name := range slices.Sorted(maps.Keys(args)) {
		pairs = append(pairs, "{"+name+"}", args[name])
	}
	return strings.NewReplacer(pairs...).Replace(sentence)
}

// Has reports whether both languages hold key.
func Has(key string) bool {
	_, ja := catalogue()[Japanese][key]
	_, en := catalogue()[English][key]
	return ja && en
}

// Keys lists the keys of lang in order.
func Keys(lang string) []string { return slices.Sorted(maps.Keys(catalogue()[lang])) }

// Language picks the language of an answer from an Accept-Language header: the
// first of the listed tags that the catalogue has, else Japanese. Weights are
// ignored, since browsers list by preference.
func Language(accept string) string {
	for tag := range strings.SplitSeq(accept, ",") {
		tag, _, _ = strings.Cut(strings.TrimSpace(tag), ";")
		primary, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if primary == Japanese || primary == English {
			return primary
		}
	}
	return Japanese
}
