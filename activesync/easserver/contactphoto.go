package easserver

import (
	"bytes"
	"encoding/base64"
	"io"
	"slices"
	"strings"

	"entente"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// maxPicture is how long a contact's photo may be, in base64. [MS-ASCNTC] 2.2.2.58
const maxPicture = 48 << 10

// photoOf finds the photo among a contact's attachments.
func photoOf(it *mailbox.Item) *mailbox.Attachment {
	i := slices.IndexFunc(it.Attachments, func(a mailbox.Attachment) bool { return !a.Item && a.Name == mailbox.ContactPicture })
	if i < 0 {
		return nil
	}
	return &it.Attachments[i]
}

// writePhoto writes the photo, unless it is larger than phones take.
func writePhoto(c *call, it *mailbox.Item) error {
	a := photoOf(it)
	if a == nil || base64.StdEncoding.EncodedLen(int(min(a.Size, maxPicture))) > maxPicture {
		return nil
	}
	b, err := photoContent(c, it, a)
	if err != nil {
		return err
	}
	c.out.Text(wbxml.ContactsPicture, base64.StdEncoding.EncodeToString(b))
	return nil
}

func photoContent(c *call, it *mailbox.Item, a *mailbox.Attachment) ([]byte, error) {
	_, r, err := c.view.AttachmentContent(c.ctx, it.ID, a.ID)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// A photo is what a phone says of a contact's.
type photo struct {
	given   bool // it says something
	content []byte
}

// readPhoto reads it: base64, whatever line breaks are in it.
func readPhoto(in *wbxml.Element) (photo, error) {
	e := in.Child(wbxml.ContactsPicture)
	if e == nil {
		return photo{}, nil
	}
	if e.Opaque {
		return photo{true, bytes.Clone(e.Content)}, tooLargePicture(base64.StdEncoding.EncodedLen(len(e.Content)))
	}
	s := strings.Join(strings.Fields(e.Text()), "")
	if err := tooLargePicture(len(s)); err != nil {
		return photo{}, err
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return photo{}, entente.Errorf(entente.Invalid, "the picture is not in base64")
	}
	return photo{true, b}, nil
}

func tooLargePicture(n int) error {
	if n > maxPicture {
		return entente.Errorf(entente.Invalid, "a picture has at most %d bytes in base64", maxPicture)
	}
	return nil
}

func (p *photo) attachment() mailbox.Attachment {
	return mailbox.Attachment{Name: mailbox.ContactPicture, ContentType: "image/jpeg", Content: p.content}
}

// replace gives a contact the photo, or takes it away. One that is the same stays,
// so that nobody is told of a change that is none; the new one is there before the
// old one is gone.
func (p *photo) replace(c *call, it *mailbox.Item) (*mailbox.Item, error) {
	if !p.given {
		return it, nil
	}
	old := photoOf(it)
	if old != nil && len(p.content) > 0 && old.Size == int64(len(p.content)) {
		b, err := photoContent(c, it, old)
		if err != nil || bytes.Equal(b, p.content) {
			return it, err
		}
	}
	var gone []uint32
	if old != nil {
		gone = []uint32{old.ID}
	}
	var err error
	if len(p.content) > 0 {
		if it, err = c.view.AddAttachments(c.ctx, it.ID, 0, []mailbox.Attachment{p.attachment()}); err != nil {
			return nil, err
		}
	}
	if len(gone) > 0 {
		if it, err = c.view.DeleteAttachments(c.ctx, it.ID, 0, gone); err != nil {
			return nil, err
		}
	}
	has := len(p.content) > 0
	if it.Props.Bool(mailbox.PidLidHasPicture) == has {
		return it, nil
	}
	return c.view.UpdateItem(c.ctx, it.ID, 0, mailbox.PartAttachments, func(it *mailbox.Item) error {
		it.Props.SetBool(mailbox.PidLidHasPicture, has)
		return nil
	})
}
