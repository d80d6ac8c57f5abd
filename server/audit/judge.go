package audit

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/catalogue"
)

// Judge says in what the site does not keep its word. The catalogue is what it
// declares; nil stands for none that could be read: then what presets know is held
// against the law, and all else is called undeclared.
func Judge(o *Observation, c *catalogue.Catalogue) ([]Finding, error) {
	k, err := readKnown()
	if err != nil {
		return nil, err
	}
	j := &judge{observation: o, declares: c != nil}
	if c == nil {
		c = &catalogue.Catalogue{}
	}
	j.catalogue, j.allows = c, allows{&c.Catalogue}
	j.seen = gather(o, c, k)
	for _, s := range j.seen.list {
		j.offence(s)
		j.declaration(s)
		j.attributes(s)
	}
	j.unseen()
	j.banner()
	slices.SortStableFunc(j.findings, byWeight)
	return j.findings, nil
}

func byWeight(a, b Finding) int {
	_, i := ruleOf(a.Kind)
	_, j := ruleOf(b.Kind)
	return cmp.Or(cmp.Compare(i, j), cmp.Compare(a.Subject.String(), b.Subject.String()))
}

type judge struct {
	observation *Observation
	catalogue   *catalogue.Catalogue
	declares    bool // whether there is a catalogue
	allows      allows
	seen        *sightings
	findings    []Finding
}

// about returns a finding about what was seen in those situations.
func (j *judge) about(kind Kind, s *sighting, in []situation) Finding {
	f := newFinding(kind, s.subject)
	f.States = in
	if len(s.services) > 0 {
		f.Service = s.services[0]
	}
	if s.preset != nil {
		f.Known = s.preset.ID
	}
	if len(in) > 0 {
		evidence := s.first[in[0]]
		f.Evidence = &evidence
	}
	return f
}

// offence reports what happens without consent.
func (j *judge) offence(s *sighting) {
	var without []situation
	for _, in := range s.situations() {
		if !j.allowed(s, in) {
			without = append(without, in)
		}
	}
	if kind := offenceOf(without); kind != "" {
		f := j.about(kind, s, without)
		j.findings = append(j.findings, f)
		return
	}
	if s.kept != nil && !j.allowed(s, Withdrawn) {
		f := j.about(Kept, s, nil)
		f.States, f.Evidence = []StateName{Withdrawn}, s.kept
		j.findings = append(j.findings, f)
	}
}

// allowed reports whether something may happen in a situation. What nobody knows
// is not judged by this measure: it is undeclared.
func (j *judge) allowed(s *sighting, in situation) bool {
	for _, id := range s.services {
		if !j.allows.service(id, in) {
			return false
		}
	}
	return s.preset == nil || j.allows.preset(s.preset, in)
}

// declaration reports what the catalogue does not say, or says wrongly.
func (j *judge) declaration(s *sighting) {
	if !s.declared {
		f := j.about(Undeclared, s, s.situations())
		if !j.declares {
			f.Level = LevelNote
		}
		f.YAML = declaring(j.catalogue, s)
		j.findings = append(j.findings, f)
		return
	}
	if s.entry == nil {
		return
	}
	if !s.party {
		f := j.about(WrongParty, s, s.situations())
		f.Declared, f.Seen = string(s.entry.Party), string(partyOf(s.thirdParty))
		f.YAML = cookieEntry(s.subject.Name, s.entry, s.entry.Duration, partyOf(s.thirdParty))
		j.findings = append(j.findings, f)
	}
	if s.lifetime > longest(s.entry.Duration) {
		f := j.about(Longer, s, s.situations())
		seen := inWords(s.lifetime)
		f.Declared, f.Seen = s.entry.Duration.String(), seen.String()
		if s.services != nil {
			f.YAML = cookieEntry(s.subject.Name, s.entry, seen, s.entry.Party)
		}
		j.findings = append(j.findings, f)
	}
}

// attributes reports what the site's own cookies lack.
func (j *judge) attributes(s *sighting) {
	if s.subject.Kind != SubjectCookie || s.thirdParty {
		return
	}
	if s.insecure {
		j.findings = append(j.findings, j.about(NotSecure, s, s.situations()))
	}
	if s.unlimited {
		j.findings = append(j.findings, j.about(NoSameSite, s, s.situations()))
	}
}

// unseen reports what is declared and was not seen, where it would have been.
func (j *judge) unseen() {
	for i := range j.catalogue.Services {
		service := &j.catalogue.Services[i]
		if !j.lookedFor(service) {
			continue
		}
		asked := slices.ContainsFunc(j.catalogue.Asked(), func(s consent.Service) bool { return s.ID == service.ID })
		if asked && !j.sawAny(service.ID) {
			if len(service.Cookies) > 0 || len(service.Hosts) > 0 || service.Storage != nil {
				f := newFinding(AskedForNothing, Subject{SubjectService, service.ID, ""})
				f.Service = service.ID
				j.findings = append(j.findings, f)
			}
			continue
		}
		for _, subject := range j.neverSeen(service) {
			f := newFinding(NeverSeen, subject)
			f.Service = service.ID
			j.findings = append(j.findings, f)
		}
	}
}

// lookedFor reports whether a page was seen where the service was allowed.
func (j *judge) lookedFor(service *consent.Service) bool {
	return slices.ContainsFunc(j.observation.States, func(state State) bool {
		return slices.ContainsFunc(state.Pages, func(page Page) bool {
			return page.Loaded > 0 && j.allows.service(service.ID, situationOf(state.Name, page.Phase))
		})
	})
}

// sawAny reports whether anything was seen of a service.
func (j *judge) sawAny(id string) bool {
	return slices.ContainsFunc(j.seen.list, func(s *sighting) bool { return slices.Contains(s.services, id) })
}

// neverSeen returns the cookies and keys of a service that were not seen.
func (j *judge) neverSeen(service *consent.Service) (list []Subject) {
	missing := func(kind SubjectKind, pattern string) {
		if !slices.ContainsFunc(j.seen.list, func(s *sighting) bool {
			return s.subject.Kind == kind && slices.Contains(s.services, service.ID) && consent.Cookie{Name: pattern}.Matches(s.subject.Name)
		}) {
			list = append(list, Subject{kind, pattern, ""})
		}
	}
	for _, cookie := range service.Cookies {
		if cookie.Name == j.catalogue.Cookie.Name {
			continue // who was not asked has not answered
		}
		missing(SubjectCookie, cookie.Name)
	}
	for _, kind := range []StoredKind{LocalStorage, SessionStorage, IndexedDB, CacheStorage} {
		for _, pattern := range storageOf(service, kind) {
			if strings.HasPrefix(pattern, ownKeys) {
				continue // Témoin keeps them where a receipt could not be sent at once
			}
			missing(SubjectKind(kind), pattern)
		}
	}
	return list
}

// banner reports what the first layer does not offer. The first state that shows a
// banner counts: all of them show the same one.
func (j *judge) banner() {
	i := slices.IndexFunc(j.observation.States, func(s State) bool { return s.Banner.Visible })
	if i < 0 {
		return
	}
	state := &j.observation.States[i]
	banner := state.Banner
	shows := func(role Role) bool {
		return slices.ContainsFunc(banner.Buttons, func(b Button) bool { return b.Visible && b.Role == role })
	}
	var kind Kind
	switch {
	case banner.AcceptClicks > 0 && banner.RefuseClicks > banner.AcceptClicks:
		kind = RefusalHarder
	case shows(RoleAccept) && !shows(RoleRefuse):
		kind = RefuseHidden
	default:
		return
	}
	f := newFinding(kind, Subject{SubjectBanner, cmp.Or(j.observation.Banner, "unknown"), ""})
	f.States = []StateName{state.Name}
	f.Evidence = &Evidence{State: state.Name, Phase: Before, Page: j.observation.Site}
	if kind == RefusalHarder {
		f.Declared, f.Seen = strconv.Itoa(banner.AcceptClicks), strconv.Itoa(banner.RefuseClicks)
	}
	j.findings = append(j.findings, f)
}

func partyOf(third bool) consent.Party {
	if third {
		return consent.ThirdParty
	}
	return consent.FirstParty
}

const oneDay = 24 * time.Hour

// lengthOf returns how long a declared duration is by the calendar. The law counts a
// month as thirty days, sites as the calendar does; neither is a fault.
func lengthOf(d consent.Duration) time.Duration {
	switch d.Unit {
	case consent.Month:
		return time.Duration(d.Count) * 365 * oneDay / 12
	case consent.Year:
		return time.Duration(d.Count) * 366 * oneDay
	}
	return d.Length()
}

// longest returns how long a cookie may live that is declared to live so long: the
// clocks of server and browser differ, and months do in their days.
func longest(d consent.Duration) time.Duration {
	length := lengthOf(d)
	return length + max(time.Minute, min(length/10, 2*oneDay))
}

// maxWords is how many of a unit are counted before a longer one is taken.
const maxWords = 60

// inWords returns how a catalogue would say what was seen: in the longest unit that
// is not much longer, "13 months" and not "395 days".
func inWords(seen time.Duration) consent.Duration {
	var best consent.Duration
	for _, unit := range consent.Units() {
		one := lengthOf(consent.Duration{Count: 1, Unit: unit})
		count := max(1, int((seen*99/100+one-1)/one))
		d := consent.Duration{Count: count, Unit: unit}
		if count <= maxWords && (best.Count == 0 || lengthOf(d) <= lengthOf(best)*110/100) {
			best = d
		}
	}
	if best.Count == 0 {
		return consent.Duration{Count: consent.MaxCount, Unit: consent.Year}
	}
	return best
}
