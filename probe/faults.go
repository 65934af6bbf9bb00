package probe

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Fault is something that must not be, as the list of the report judges it.
type Fault struct {
	What    string   `json:"what"` // for example "TLS 1.0", "certificate: expired"
	Verdict *Verdict `json:"verdict,omitempty"`
}

// Protocol returns what answers and must not at that time, and TLS 1.3 or 1.2
// where neither answers.
func (r Report) Protocol(at time.Time) []Fault {
	var out []Fault
	strong := false
	for _, list := range [][]Finding{r.Versions, r.Suites, r.Groups} {
		for _, f := range list {
			if !f.Answered {
				continue
			}
			strong = strong || f.Name == "TLS 1.3" || f.Name == "TLS 1.2"
			if !f.Verdict.OK(at) {
				out = append(out, Fault{strings.TrimSpace(f.Version + " " + f.Name), &f.Verdict})
			}
		}
	}
	if !strong {
		out = append(out, Fault{What: "neither TLS 1.3 nor TLS 1.2 answers"})
	}
	return out
}

// Certificate returns what is wrong with the certificates that were shown.
func (r Report) Certificate(at time.Time) []Fault {
	if len(r.Chain) == 0 {
		return []Fault{{What: "no certificate was shown"}}
	}
	var out []Fault
	if p := r.Chain[0].Problem; p != "" {
		out = append(out, Fault{What: "certificate: " + p})
	}
	for _, l := range r.Chain {
		if !l.KeyVerdict.OK(at) {
			out = append(out, Fault{"key " + l.Key, &l.KeyVerdict})
		}
		if !l.SignatureVerdict.OK(at) {
			out = append(out, Fault{"signature " + l.Signature, &l.SignatureVerdict})
		}
	}
	return out
}

// Admits returns what is wrong with whom the endpoint lets in, where it should
// ask everybody for a certificate of its own authority.
func (r Report) Admits() []Fault {
	var out []Fault
	if !r.Client.Asks {
		out = append(out, Fault{What: "no certificate is asked for"})
	}
	for _, c := range []struct {
		who  string
		what Admission
	}{{"without a certificate", r.Client.Without}, {"with a stranger's certificate", r.Client.Stranger}} {
		if c.what != Refused {
			out = append(out, Fault{What: c.who + ": " + string(c.what)})
		}
	}
	return out
}

// Text writes the report for an engineer: what answered, each with the row of
// the list that judges it.
func (r Report) Text(w io.Writer) error {
	t := tabwriter.NewWriter(w, 2, 4, 2, ' ', 0)
	fmt.Fprintf(t, "%s (%s), %s, judged by %s of %s\n\n", r.Address, r.Name, r.At.Format(time.RFC3339), r.List, r.ListDate)
	for _, part := range []struct {
		name string
		list []Finding
	}{{"version", r.Versions}, {"suite", r.Suites}, {"group", r.Groups}} {
		for _, f := range part.list {
			if f.Answered || part.name != "suite" {
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", part.name, strings.TrimSpace(f.Version+" "+f.Name), answered(f), f.Verdict)
			}
		}
	}
	for i, l := range r.Chain {
		fmt.Fprintf(t, "certificate %d\t%s\t%s to %s\t%s\n", i+1, strings.Join(l.Names, " "), l.NotBefore.Format(time.DateOnly), l.NotAfter.Format(time.DateOnly), l.Problem)
		fmt.Fprintf(t, "\tkey %s\t\t%s\n\tsignature %s\t\t%s\n", l.Key, l.KeyVerdict, l.Signature, l.SignatureVerdict)
	}
	fmt.Fprintf(t, "client\tasks for a certificate: %t (%d authorities named)\twithout: %s, stranger: %s\t%s\n", r.Client.Asks, r.Client.Authorities, r.Client.Without, r.Client.Stranger, r.Client.Detail)
	for _, s := range r.Unseen {
		fmt.Fprintf(t, "not observed\t%s\n", s)
	}
	return t.Flush()
}

func answered(f Finding) string {
	if f.Answered {
		return "answers"
	}
	return "no (" + f.Detail + ")"
}

// String is the verdict in one line.
func (v Verdict) String() string {
	s := string(v.Standing)
	if v.Until != "" {
		s += " until " + v.Until
	}
	s += " [" + v.List + ": " + strings.Join(v.Rows, ", ") + "]"
	if v.Note != "" {
		s += " " + v.Note
	}
	return s
}
