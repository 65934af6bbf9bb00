package check

import (
	"context"
	"strings"

	"github.com/matoi119/matoi/probe"
)

// probed looks at the terminal's TLS once for all tests that judge it.
func probed(ctx context.Context, x *run) *Outcome {
	if x.seen != nil {
		return nil
	}
	r, err := probe.TLS(ctx, probe.Endpoint{Address: x.t.Address, Name: x.t.TLS.ServerName, Roots: x.t.TLS.RootCAs,
		Timeout: x.o.Patience, Now: x.o.Now, List: x.o.List, Pretends: "gateway." + x.t.Headquarters})
	if err != nil {
		o := x.broken(err)
		return &o
	}
	x.seen = &r
	return nil
}

func (x *run) judged(faults []probe.Fault, pass string, v ...any) Outcome {
	if len(faults) == 0 {
		return x.pass(pass, v...)
	}
	var all []string
	for _, f := range faults {
		text := f.What
		if f.Verdict != nil {
			text += " (" + f.Verdict.List + ": " + strings.Join(f.Verdict.Rows, ", ") + ")"
		}
		all = append(all, text)
	}
	return x.fail("fail.tls", strings.Join(all, "; "), x.seen.List, x.seen.ListDate)
}

// answers notes what answered.
func (x *run) answers(what string, list []probe.Finding) {
	var names []string
	for _, f := range list {
		if f.Answered {
			names = append(names, strings.TrimSpace(f.Name)+" ["+strings.Join(f.Verdict.Rows, ", ")+"]")
		}
	}
	x.step("offer each " + what + " alone")("answered: " + strings.Join(names, "; "))
}

// c221a: what answers is on the list, by version, suite and group.
func c221a(_ context.Context, x *run) Outcome {
	x.answers("version", x.seen.Versions)
	x.answers("suite", x.seen.Suites)
	x.answers("group", x.seen.Groups)
	return x.judged(x.seen.Protocol(x.o.Now()), "pass.protocol", x.seen.List, x.seen.ListDate)
}

// c221b: the certificate holds: time, name, authority, key and signature.
func c221b(_ context.Context, x *run) Outcome {
	for _, l := range x.seen.Chain {
		x.step("certificate " + plain(strings.Join(l.Names, " "), 100))(l.NotBefore.Format("2006-01-02") + " … " + l.NotAfter.Format("2006-01-02") + ", key " + l.Key + ", signature " + l.Signature + ", sha256 " + l.SHA256)
	}
	return x.judged(x.seen.Certificate(x.o.Now()), "pass.certificate")
}

// c221c: nobody but the headquarters is let in.
func c221c(_ context.Context, x *run) Outcome {
	c := x.seen.Client
	x.step("connect without a certificate")(string(c.Without))
	x.step("connect with a certificate of a made-up authority")(string(c.Stranger))
	return x.judged(x.seen.Admits(), "pass.admits")
}
