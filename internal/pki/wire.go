package pki

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// enrolVersion is the version of the enrolment protocol.
const enrolVersion = "enrol/1"

// maxMessage bounds one message; a stranger may send one.
const maxMessage = 64 << 10

// step names a message within its channel. It goes into the mac, so a message
// cannot be sent back to whoever made it, nor at another point of the talk.
type step string

const (
	stepHello     step = "1 hello"
	stepOffer     step = "2 offer"
	stepGrant     step = "3 grant"
	stepInstalled step = "4 installed"
)

// envelope is one message: a body and the proof that whoever sent it knows the
// code's secret and sits at the end of this very channel, or a refusal.
type envelope struct {
	Body    json.RawMessage `json:"body,omitempty"`
	Mac     []byte          `json:"mac,omitempty"`
	Refused string          `json:"refused,omitempty"` // a catalogue key; not authenticated, only shown
}

type helloBody struct {
	V            string `json:"v"`
	Headquarters string `json:"headquarters"`
}

type offerBody struct {
	Request  []byte   `json:"request"` // PKCS #10
	Proposal Proposal `json:"proposal"`
}

type grantBody struct {
	TerminalID       string   `json:"terminalId"`
	Headquarters     string   `json:"headquarters"`
	HeadquartersName string   `json:"headquartersName"`
	Certificate      []byte   `json:"certificate"`
	Authorities      [][]byte `json:"authorities"`
}

type installedBody struct {
	Serial string `json:"serial"`
}

// channel is the talk over one TLS connection.
type channel struct {
	conn io.ReadWriter
	key  [sha256.Size]byte // of the macs: secret and channel together
}

var errProof = errors.New("the other side does not know the code")

// open binds the code's secret to a connection whose handshake is done: the
// exporter is known to its two ends only, so a proof made on another
// connection, however relayed, is none here.
func open(conn *tls.Conn, c code) (*channel, error) {
	state := conn.ConnectionState()
	exported, err := state.ExportKeyingMaterial("EXPORTER-matoi-"+enrolVersion, nil, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("bind enrolment to its channel: %w", err)
	}
	ch := &channel{conn: conn}
	h := sha256.New()
	h.Write([]byte("matoi " + enrolVersion + "\x00"))
	h.Write(c.secret[:])
	h.Write(exported)
	h.Sum(ch.key[:0])
	return ch, nil
}

func (ch *channel) mac(s step, body []byte) []byte {
	h := hmac.New(sha256.New, ch.key[:])
	h.Write([]byte(s))
	h.Write([]byte{0})
	h.Write(body)
	return h.Sum(nil)
}

// send writes one message.
func (ch *channel) send(s step, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("enrolment %s: %w", s, err)
	}
	return ch.write(envelope{Body: data, Mac: ch.mac(s, data)})
}

// refuse says why nothing will come; best effort.
func (ch *channel) refuse(key string) error { return ch.write(envelope{Refused: key}) }

func (ch *channel) write(e envelope) error {
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if len(data) > maxMessage {
		return fmt.Errorf("enrolment message of %d bytes is too large", len(data))
	}
	_, err = ch.conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), data...))
	return err
}

// refusal is what the other side answered instead of the next message.
type refusal string

func (r refusal) Error() string { return "refused by the other side: " + string(r) }

// receive reads the message of a step. errProof means that it was well formed
// but not made with the code on this channel.
func (ch *channel) receive(s step, body any) error {
	var size [4]byte
	if _, err := io.ReadFull(ch.conn, size[:]); err != nil {
		return fmt.Errorf("read enrolment %s: %w", s, err)
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > maxMessage {
		return fmt.Errorf("read enrolment %s: %d bytes is too large", s, n)
	}
	data := make([]byte, n)
	if _, err := io.ReadFull(ch.conn, data); err != nil {
		return fmt.Errorf("read enrolment %s: %w", s, err)
	}
	var e envelope
	if err := json.Unmarshal(data, &e); err != nil {
		return fmt.Errorf("read enrolment %s: %w", s, err)
	}
	if e.Refused != "" {
		return refusal(e.Refused)
	}
	if !hmac.Equal(e.Mac, ch.mac(s, e.Body)) {
		return errProof
	}
	if err := json.Unmarshal(e.Body, body); err != nil {
		return fmt.Errorf("read enrolment %s: %w", s, err)
	}
	return nil
}
