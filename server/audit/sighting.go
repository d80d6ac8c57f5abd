package audit

import (
	"slices"
	"strings"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/catalogue"
)

// sighting is all that was seen of one subject, in all states.
type sighting struct {
	subject    Subject
	thirdParty bool
	// services are those of the catalogue that it belongs to: all of them have to be allowed.
	services []string
	// declared tells that the catalogue has it, and not only the service it belongs to; or that it
	// needs no declaration.
	declared bool
	// preset knows it where the catalogue has no service that it belongs to; nil is unknown.
	preset *consent.Service
	// first is what happened first in each situation.
	first map[situation]Evidence
	// kept tells that it was set with consent and still there after the withdrawal.
	kept *Evidence

	// What follows is a cookie's.
	entry     *consent.Cookie // the catalogue's
	party     bool            // whether it is of the declared party
	lifetime  time.Duration   // the longest
	insecure  bool            // came by https without Secure
	unlimited bool            // without SameSite
	httpOnly  bool
}

// situations are those in which it was seen, in order.
func (s *sighting) situations() []situation {
	var list []situation
	for in := range s.first {
		list = append(list, in)
	}
	return toldOrder(list)
}

func (s *sighting) add(in situation, e Evidence) {
	if known, found := s.first[in]; !found || e.At < known.At && e.State == known.State {
		s.first[in] = e
	}
}

// sightings gathers what was seen, by subject.
type sightings struct {
	catalogue *catalogue.Catalogue // empty where there is none
	known     *known
	hosts     []consent.HostRule
	list      []*sighting // in the order in which they were seen
	bySubject map[string]*sighting
}

// gather returns all that was seen, and whose it is.
func gather(o *Observation, c *catalogue.Catalogue, k *known) *sightings {
	all := &sightings{catalogue: c, known: k, hosts: c.HostRules(), bySubject: map[string]*sighting{}}
	for i := range o.States {
		state := &o.States[i]
		for _, cookie := range state.Cookies {
			all.cookie(state.Name, cookie)
		}
		for _, stored := range state.Stored {
			all.stored(state.Name, stored)
		}
		for _, request := range state.Requests {
			all.request(state.Name, request)
		}
	}
	return all
}

// of returns the sighting of a subject, a new one where it was not seen before.
// The key tells apart what one subject's name does not.
func (all *sightings) of(subject Subject, key string, make func(*sighting)) *sighting {
	key = subject.String() + "\n" + key
	s := all.bySubject[key]
	if s == nil {
		s = &sighting{subject: subject, first: map[situation]Evidence{}}
		make(s)
		all.bySubject[key] = s
		all.list = append(all.list, s)
	}
	return s
}

func (all *sightings) cookie(state StateName, c Cookie) {
	s := all.of(Subject{SubjectCookie, c.Name, c.Domain}, "", func(s *sighting) {
		s.thirdParty, s.httpOnly = c.ThirdParty, c.HTTPOnly
		all.ownCookie(s, c)
	})
	s.lifetime = max(s.lifetime, time.Duration(c.Lifetime))
	s.insecure = s.insecure || !c.Secure && strings.HasPrefix(c.Page, "https:")
	s.unlimited = s.unlimited || c.SameSite == ""
	evidence := Evidence{State: state, Page: c.Page, By: c.Set.Kind, URL: c.Set.URL, Frame: c.Set.Frame, At: c.At}
	s.seen(state, evidence, c.Phase, c.Phases, c.Left)
}

// seen notes each phase in which a cookie or key was set.
func (s *sighting) seen(state StateName, e Evidence, phase Phase, phases []Phase, left bool) {
	if len(phases) == 0 {
		phases = []Phase{phase}
	}
	for _, one := range phases {
		e.Phase = one
		s.add(situationOf(state, one), e)
	}
	if state == Withdrawn && left && phase == After && !slices.Contains(phases, Reverted) && !s.thirdParty {
		e.Phase = Reverted
		s.kept = &e
	}
}

// ownCookie says whose a cookie is.
func (all *sightings) ownCookie(s *sighting, c Cookie) {
	if service, entry := all.declaredCookie(c); entry != nil {
		s.declared, s.entry = true, entry
		s.services = []string{service.ID}
		s.party = (entry.Party == consent.ThirdParty) == c.ThirdParty
		return
	}
	if settings := all.catalogue.Cookie; settings.Name != "" && c.Name == settings.Name && !c.ThirdParty {
		s.declared, s.party = true, true
		s.entry = &consent.Cookie{Name: settings.Name, Duration: settings.Lifetime, Party: consent.FirstParty}
		return
	}
	if keepsChoice(c.Name) {
		s.declared, s.party = true, true
		return
	}
	if service := all.owner(c.Domain, c.ThirdParty); service != nil {
		s.services = []string{service.ID}
		return
	}
	all.recognize(s, all.known.cookie(c))
}

// recognize notes the preset that knows what the catalogue does not have. Where the
// catalogue has that service, it belongs to it.
func (all *sightings) recognize(s *sighting, preset *consent.Service) {
	if preset != nil && all.catalogue.Service(preset.ID) != nil {
		s.services = []string{preset.ID}
		return
	}
	s.preset = preset
}

// declaredCookie returns the catalogue's entry for a cookie and its service: one of
// the right party before another, and one whose service has the cookie's domain.
func (all *sightings) declaredCookie(c Cookie) (service *consent.Service, entry *consent.Cookie) {
	best := -1
	for i := range all.catalogue.Services {
		candidate := &all.catalogue.Services[i]
		for j := range candidate.Cookies {
			if !candidate.Cookies[j].Matches(c.Name) {
				continue
			}
			score := 0
			if (candidate.Cookies[j].Party == consent.ThirdParty) == c.ThirdParty {
				score = 2
			}
			if c.ThirdParty && ownsDomain(candidate, c.Domain) {
				score++
			}
			if score > best {
				service, entry, best = candidate, &candidate.Cookies[j], score
			}
		}
	}
	return service, entry
}

// owner returns the service of the catalogue that a domain of another site belongs to.
func (all *sightings) owner(domain string, thirdParty bool) *consent.Service {
	if !thirdParty {
		return nil
	}
	for i := range all.catalogue.Services {
		if ownsDomain(&all.catalogue.Services[i], domain) {
			return &all.catalogue.Services[i]
		}
	}
	return nil
}

// ownKeys begins the keys that Témoin keeps for itself.
const ownKeys = "temoin."

func (all *sightings) stored(state StateName, item Stored) {
	host := hostOf(item.Origin)
	s := all.of(Subject{SubjectKind(item.Kind), item.Key, host}, "", func(s *sighting) {
		s.thirdParty = item.ThirdParty
		for i := range all.catalogue.Services {
			if service := &all.catalogue.Services[i]; declaresStored(service, item) {
				s.declared, s.services = true, []string{service.ID}
				return
			}
		}
		own := strings.HasPrefix(item.Key, ownKeys) || item.Kind == ServiceWorker // a catalogue has no key for workers: their requests count
		switch service := all.owner(host, item.ThirdParty); {
		case service != nil: // a charter tells of another site's service, not of its keys
			s.declared, s.services = true, []string{service.ID}
		case !item.ThirdParty && own, keepsChoice(item.Key):
			s.declared = true
		default:
			all.recognize(s, all.known.stored(item))
		}
	})
	evidence := Evidence{State: state, Page: item.Page, By: item.Set.Kind, URL: item.Set.URL, Frame: item.Set.Frame, At: item.At}
	s.seen(state, evidence, item.Phase, item.Phases, item.Left)
}

func (all *sightings) request(state StateName, r Request) {
	host, path := strings.ToLower(r.Host), pathOf(r.URL)
	if parsed := hostOf(r.URL); parsed != "" {
		host = parsed
	}
	services := all.servicesAt(host, path)
	receipts := hostOf(all.catalogue.Receipts.Address())
	if services == nil && (!r.ThirdParty || host == "" || host == receipts) {
		return
	}
	key := strings.Join(services, " ")
	if services == nil {
		if preset := all.known.host(host, path); preset != nil {
			key = "preset " + preset.ID
		}
	}
	s := all.of(Subject{SubjectRequest, host, ""}, key, func(s *sighting) {
		s.thirdParty, s.services, s.declared = r.ThirdParty, services, services != nil
		if services == nil {
			all.recognize(s, all.known.host(host, path))
		}
	})
	s.add(situationOf(state, r.Phase), Evidence{
		State: state, Phase: r.Phase, Page: r.Page, By: r.By(), URL: r.URL, Frame: r.Frame, At: r.At,
		Initiators: r.Initiators, Identifiers: slices.Concat(r.Cookies, r.Identifiers),
	})
}

// servicesAt returns the services of the catalogue that an address is one of.
func (all *sightings) servicesAt(host, path string) []string {
	for _, rule := range all.hosts { // as the catalogue's own method, which sorts them each time
		if rule.Matches(host, path) {
			return rule.Services
		}
	}
	return nil
}

// By says what made a request, as "Image" or "Fetch, service_worker".
func (r Request) By() string {
	if r.From != "" {
		return r.Type + ", " + r.From
	}
	return r.Type
}
