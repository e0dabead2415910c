package ewsserver

import (
	"time"

	"entente/ews"
	"entente/mailbox"
)

// taskWords are the states of a task in the order of PidLidTaskStatus.
// [MS-OXOTASK] 2.2.2.2.2
var taskWords = [...]string{"NotStarted", "InProgress", "Completed", "WaitingOnOthers", "Deferred"}

const (
	taskNotStarted = 0
	taskInProgress = 1
	taskComplete   = 2
)

// taskFields are what a task says. [MS-OXWSTASK] 2.2.4.6
func taskFields() []row {
	return []row{
		{ews.FieldTaskActualWork, workField(mailbox.PidLidTaskActualEffort)},
		{ews.FieldTaskTotalWork, workField(mailbox.PidLidTaskEstimatedEffort)},
		{ews.FieldTaskAssignedTime, readOnly(timeField(mailbox.PidLidTaskLastUpdate))},
		{ews.FieldTaskBillingInformation, textField(mailbox.PidLidBilling)},
		{ews.FieldTaskChangeCount, itemField{prop: mailbox.PidLidTaskVersion, get: func(v *itemView) any {
			n, _ := v.it.Props.Int(mailbox.PidLidTaskVersion)
			return max(n, 1)
		}}},
		{ews.FieldTaskCompanies, textsField(mailbox.PidLidCompanies)},
		{ews.FieldTaskContacts, textsField(mailbox.PidLidContacts)},
		{ews.FieldTaskCompleteDate, itemField{
			prop: mailbox.PidLidTaskDateCompleted,
			get:  timeField(mailbox.PidLidTaskDateCompleted).get,
			set: func(e *itemEdit, v *ews.Value) error {
				t, _ := v.V.(time.Time)
				t = e.instant(t)
				// A task cannot have been completed tomorrow. [MS-OXWSTASK] 2.2.4.6
				if t.After(e.c.s.Now().Add(24 * time.Hour)) {
					return invalidValue(v)
				}
				e.task.completed = &t
				return nil
			},
			clear: func(e *itemEdit, _ string) error {
				e.task.status = new(int64(taskNotStarted))
				return nil
			},
		}},
		{ews.FieldTaskDelegationState, itemField{get: func(*itemView) any { return string(ews.TaskDelegateNoMatch) }}},
		{ews.FieldTaskDueDate, timeField(mailbox.PidLidTaskDueDate)},
		{ews.FieldTaskStartDate, timeField(mailbox.PidLidTaskStartDate)},
		{ews.FieldTaskIsComplete, readOnly(boolField(mailbox.PidLidTaskComplete))},
		{ews.FieldTaskIsRecurring, readOnly(boolField(mailbox.PidLidTaskFRecurring))},
		{ews.FieldTaskIsTeamTask, readOnly(boolField(mailbox.PidLidTeamTask))},
		{ews.FieldTaskMileage, textField(mailbox.PidLidMileage)},
		{ews.FieldTaskOwner, readOnly(textField(mailbox.PidLidTaskOwner))},
		{ews.FieldTaskPercentComplete, percentField()},
		{ews.FieldTaskRecurrence, itemField{get: getTaskRecurrence, set: setTaskRecurrence, clear: func(e *itemEdit, _ string) error {
			return e.it.SetTaskRecurrence(nil)
		}}},
		{ews.FieldTaskStatus, statusField()},
		{ews.FieldTaskStatusDescription, itemField{get: func(v *itemView) any {
			n, _ := v.it.Props.Int(mailbox.PidLidTaskStatus)
			texts := [...]string{"Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred"}
			if n < 0 || int(n) >= len(texts) {
				return nil
			}
			return texts[n]
		}}},
	}
}

// workField is an effort in minutes; below zero there is none.
func workField(p mailbox.Prop) itemField {
	f := intField(p)
	set := f.set
	f.set = func(e *itemEdit, v *ews.Value) error {
		if n, _ := v.V.(int64); n < 0 {
			return invalidValue(v)
		}
		return set(e, v)
	}
	return f
}

// A taskEdit collects what says how far a task is: the state, the percentage
// and the day of completion go together.
type taskEdit struct {
	status    *int64
	percent   *float64
	completed *time.Time
}

func statusField() itemField {
	f := wordField(mailbox.PidLidTaskStatus, 0, taskWords[:]...)
	f.set = func(e *itemEdit, v *ews.Value) error {
		for n, w := range taskWords {
			if w == v.V {
				e.task.status = new(int64(n))
				return nil
			}
		}
		return invalidValue(v)
	}
	f.clear = func(e *itemEdit, _ string) error {
		e.task.status = new(int64(taskNotStarted))
		return nil
	}
	return f
}

// percentField is out of 100 on the wire and out of 1 in the store.
// [MS-OXOTASK] 2.2.2.2.3
func percentField() itemField {
	return itemField{
		prop: mailbox.PidLidPercentComplete,
		get: func(v *itemView) any {
			f, _ := v.it.Props.Float(mailbox.PidLidPercentComplete)
			return f * 100
		},
		set: func(e *itemEdit, v *ews.Value) error {
			f, ok := v.V.(float64)
			if !ok || !(f >= 0 && f <= 100) {
				return invalidValue(v)
			}
			e.task.percent = &f
			return nil
		},
		clear: func(e *itemEdit, _ string) error {
			e.task.percent = new(float64)
			return nil
		},
	}
}

// finishTask brings state, percentage and day of completion together: each of
// them can say that a task is done. [MS-OXWSTASK] 2.2.4.6
func (e *itemEdit) finishTask() error {
	ps := &e.it.Props
	status, _ := ps.Int(mailbox.PidLidTaskStatus)
	percent, _ := ps.Float(mailbox.PidLidPercentComplete)
	x := &e.task
	switch {
	case x.status != nil:
		status = *x.status
	case x.completed != nil:
		status = taskComplete
	case x.percent != nil && *x.percent == 100:
		status = taskComplete
	case x.percent != nil && *x.percent == 0:
		status = taskNotStarted
	case x.percent != nil:
		status = taskInProgress
	}
	if x.percent != nil {
		percent = *x.percent / 100
	}
	switch {
	case status == taskComplete:
		percent = 1
	case x.status != nil && x.percent == nil && (status == taskNotStarted || percent == 1):
		percent = 0
	}
	ps.SetInt(mailbox.PidLidTaskStatus, status)
	ps.SetFloat(mailbox.PidLidPercentComplete, percent)
	ps.SetBool(mailbox.PidLidTaskComplete, status == taskComplete)
	switch {
	case status != taskComplete:
		ps.Delete(mailbox.PidLidTaskDateCompleted)
	case x.completed != nil:
		ps.SetTime(mailbox.PidLidTaskDateCompleted, *x.completed)
	case !ps.Has(mailbox.PidLidTaskDateCompleted):
		ps.SetTime(mailbox.PidLidTaskDateCompleted, e.c.s.Now().UTC().Truncate(24*time.Hour))
	}
	version, _ := ps.Int(mailbox.PidLidTaskVersion)
	ps.SetInt(mailbox.PidLidTaskVersion, version+1)
	if !ps.Has(mailbox.PidLidTaskOwner) {
		a, _ := e.c.s.Snapshot().FindMailbox(e.view.Mailbox())
		ps.SetString(mailbox.PidLidTaskOwner, a.Name)
	}
	start, ok := ps.Time(mailbox.PidLidTaskStartDate)
	due, ok2 := ps.Time(mailbox.PidLidTaskDueDate)
	if ok && ok2 && due.Before(start) {
		// Exchange moves the start rather than refuse the task.
		ps.SetTime(mailbox.PidLidTaskStartDate, due)
	}
	return nil
}

func getTaskRecurrence(v *itemView) any {
	r, err := v.it.TaskRecurrence()
	if err != nil || r == nil {
		return nil
	}
	pattern, ok := patternTo(r)
	if !ok {
		return nil
	}
	return &ews.TaskRecurrence{Pattern: pattern, Range: rangeTo(r)}
}

func setTaskRecurrence(e *itemEdit, v *ews.Value) error {
	r, ok := v.V.(*ews.TaskRecurrence)
	if !ok {
		return invalidValue(v)
	}
	rule, err := recurrenceFrom(&r.Pattern, &r.Range)
	if err != nil {
		return err
	}
	return e.it.SetTaskRecurrence(rule)
}
