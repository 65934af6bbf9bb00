package intaketest

import (
	"io"
	"net/http"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// Ask sends an input of the headquarters, as a dispatcher's act makes one.
func (t *Terminal) Ask(in stdif.Input) { t.input(in) }

// Offer returns what the service last said that it can do, nil before it did.
func (t *Terminal) Offer() *stdif.Offer {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.offer
}

func (t *Terminal) takeOffer(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, stdif.MaxFrame))
	if err != nil {
		return
	}
	o, _, p := open1.DecodeOffer(body)
	if p != nil {
		problem(w, http.StatusUnprocessableEntity, p, false)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.offer = &o
	answer(w, http.StatusOK, o)
}

func (t *Terminal) receipt(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, stdif.MaxFrame))
	if err != nil {
		return
	}
	t.with(w, r, func(k *Kept) {
		c, _, p := open1.DecodeReceipt(body, r.PathValue("id"))
		if p != nil {
			problem(w, http.StatusUnprocessableEntity, p, false)
			return
		}
		k.Receipts = append(k.Receipts, c)
		answer(w, http.StatusCreated, k.Status)
	})
}

func (t *Terminal) live(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, stdif.MaxLiveFrame))
	if err != nil {
		return
	}
	t.with(w, r, func(k *Kept) {
		k.Live = append(k.Live, b)
		w.Header().Set("Matoi-Looked-At", "true")
		w.WriteHeader(http.StatusNoContent)
	})
}
