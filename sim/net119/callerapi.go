package net119

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
)

func (c *Cloud) postCall(w http.ResponseWriter, r *http.Request) {
	var call Call
	if err := take(w, r, &call); err != nil {
		answer(w, nil, err)
		return
	}
	id, token, err := c.Place(call)
	answer(w, map[string]string{"reportId": id, "token": token}, err)
}

func (c *Cloud) getCall(w http.ResponseWriter, r *http.Request) {
	v, err := c.Look(r.PathValue("call"))
	answer(w, v, err)
}

// streamCall keeps the caller's page up to date. While it stands, the caller's
// session lives.
func (c *Cloud) streamCall(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("call")
	detach, err := c.Attach(id)
	defer detach()
	if err != nil {
		answer(w, nil, err)
		return
	}
	var last []byte
	c.stream(w, r, func(send func(string, any) error) error {
		v, err := c.Look(id)
		if err != nil {
			return err
		}
		b, err := json.Marshal(v)
		if err != nil || bytes.Equal(b, last) {
			return err
		}
		last = b
		return send("call", json.RawMessage(b))
	})
}

type line struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

func (c *Cloud) postChat(say func(report, id, text string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var l line
		err := take(w, r, &l)
		if err == nil {
			err = say(r.PathValue("call"), l.ID, l.Text)
		}
		answer(w, struct{}{}, err)
	}
}

func (c *Cloud) postMove(w http.ResponseWriter, r *http.Request) {
	var p struct {
		Lat     float64 `json:"lat"`
		Lon     float64 `json:"lon"`
		RadiusM float64 `json:"radiusM"`
	}
	err := take(w, r, &p)
	if err == nil {
		err = c.Move(r.PathValue("call"), p.Lat, p.Lon, p.RadiusM)
	}
	answer(w, struct{}{}, err)
}

// photoTypes are what the service takes; the terminal judges again.
var photoTypes = []string{"image/jpeg", "image/png", "image/webp", film}

const film = "video/mp4"

func (c *Cloud) postPhoto(w http.ResponseWriter, r *http.Request) {
	mime := r.Header.Get("Content-Type")
	if !slices.Contains(photoTypes, mime) {
		answer(w, nil, errBody)
		return
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPhoto))
	if err != nil {
		answer(w, nil, ErrTooLong)
		return
	}
	label := "通報者の写真"
	if mime == film {
		label = "通報者の動画"
	}
	answer(w, struct{}{}, c.Photo(r.PathValue("call"), mime, label, b))
}

func (c *Cloud) do(act func(report string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer(w, struct{}{}, act(r.PathValue("call")))
	}
}
