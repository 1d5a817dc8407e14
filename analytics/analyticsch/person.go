package analyticsch

// person is who an event is about, ” when it says nothing about that.
func (s *statement) person() string { return "if(user_id != '', user_id, anonymous_id)" }
