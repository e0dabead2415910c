package ewsserver

import (
	"time"

	"entente/delivery"
	"entente/ews"
	"entente/mailbox"
)

// oofMailbox opens the mailbox whose settings are meant. They are its owner's:
// the view says so.
func (c *call) oofMailbox(m *ews.AvailabilityMailbox) (*mailbox.View, error) {
	address := smtpOf(m)
	if address == "" {
		return nil, &ews.Fault{Code: ews.ErrorInvalidSmtpAddress, Text: "The mailbox must be named by its SMTP address."}
	}
	return c.s.MailboxOf(c.ctx, address)
}

var (
	oofStates    = [...]ews.OofState{mailbox.OofDisabled: ews.OofDisabled, mailbox.OofEnabled: ews.OofEnabled, mailbox.OofScheduled: ews.OofScheduled}
	oofAudiences = [...]ews.ExternalAudience{mailbox.OofNone: ews.AudienceNone, mailbox.OofKnown: ews.AudienceKnown, mailbox.OofAll: ews.AudienceAll}
)

// getUserOofSettings tells what a mailbox answers while its owner is away.
// [MS-OXWOOF] 3.1.4.1
func (c *call) getUserOofSettings(r *ews.GetUserOofSettingsRequest) (*ews.GetUserOofSettingsResponse, error) {
	v, err := c.oofMailbox(&r.Mailbox)
	var o mailbox.Oof
	if err == nil {
		o, err = v.Oof(c.ctx)
	}
	if err != nil {
		return &ews.GetUserOofSettingsResponse{ResponseMessage: c.fail(err)}, nil
	}
	return &ews.GetUserOofSettingsResponse{
		ResponseMessage:  ews.Success(),
		OofSettings:      c.oofOf(&o),
		AllowExternalOof: ews.AudienceAll,
	}, nil
}

// oofOf writes settings. There is always a duration and there are always
// replies, as in Exchange: clients read them without looking whether they are
// there.
func (c *call) oofOf(o *mailbox.Oof) *ews.UserOofSettings {
	start, end := o.Start, o.End
	if start.IsZero() {
		start = c.s.Now().UTC().Truncate(time.Hour)
		end = start.Add(24 * time.Hour)
	}
	return &ews.UserOofSettings{
		OofState:         oofStates[min(int(o.State), len(oofStates)-1)],
		ExternalAudience: oofAudiences[min(int(o.External), len(oofAudiences)-1)],
		Duration:         &ews.TimeWindow{StartTime: start.UTC(), EndTime: end.UTC()},
		InternalReply:    &ews.ReplyBody{Message: o.Internal.Message},
		ExternalReply:    &ews.ReplyBody{Message: o.Outside.Message},
	}
}

// setUserOofSettings changes it. [MS-OXWOOF] 3.1.4.2
func (c *call) setUserOofSettings(r *ews.SetUserOofSettingsRequest) (*ews.SetUserOofSettingsResponse, error) {
	message := ews.Success()
	if err := c.setOof(r); err != nil {
		message = c.fail(err)
	}
	return &ews.SetUserOofSettingsResponse{ResponseMessage: &message}, nil
}

func (c *call) setOof(r *ews.SetUserOofSettingsRequest) error {
	v, err := c.oofMailbox(&r.Mailbox)
	if err != nil {
		return err
	}
	before, err := v.Oof(c.ctx)
	if err != nil {
		return err
	}
	o, err := c.oofFrom(&r.UserOofSettings, &before)
	if err != nil {
		return err
	}
	if err := v.SetOof(c.ctx, o); err != nil {
		return err
	}
	if o.State != before.State || !o.Start.Equal(before.Start) || !o.End.Equal(before.End) {
		return delivery.ForgetReplies(c.ctx, v) // another absence: everybody is told once
	}
	return nil
}

// oofFrom reads settings; a reply that is not there stays as it was.
func (c *call) oofFrom(s *ews.UserOofSettings, before *mailbox.Oof) (mailbox.Oof, error) {
	o := *before
	for i, state := range oofStates {
		if s.OofState == state {
			o.State = mailbox.OofState(i)
		}
	}
	for i, audience := range oofAudiences {
		if s.ExternalAudience == audience {
			o.External = mailbox.OofAudience(i)
		}
	}
	if s.Duration != nil {
		o.Start, o.End = meantIn(s.Duration.StartTime, c.zone).UTC(), meantIn(s.Duration.EndTime, c.zone).UTC()
	}
	if o.State == mailbox.OofScheduled && (s.Duration == nil || !o.Start.Before(o.End)) {
		return o, &ews.Fault{Code: ews.ErrorInvalidScheduledOofDuration, Text: "A scheduled absence must end after it begins."}
	}
	if s.InternalReply != nil {
		o.Internal.Message = s.InternalReply.Message
	}
	if s.ExternalReply != nil {
		o.Outside.Message = s.ExternalReply.Message
	}
	return o, nil
}
