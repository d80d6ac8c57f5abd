package catalogue_test

import (
	"maps"
	"testing"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/catalogue"
)

func TestCatalogue_GoogleTypes(t *testing.T) {
	service := func(id string, kind consent.Kind, signal consent.Signal) consent.Service {
		return consent.Service{ID: id, Kind: kind, Signal: signal}
	}
	google, uet := consent.SignalGoogle, consent.SignalUET
	for name, test := range map[string]struct {
		services []consent.Service
		settings *catalogue.GoogleConsent
		want     map[string]string
	}{
		"no service": {nil, nil, map[string]string{}},
		"a measure": {
			[]consent.Service{service("a", consent.Measure, google), service("b", consent.Measure, google)}, nil,
			map[string]string{"analytics_storage": "a"}},
		"a measure and advertising": {
			[]consent.Service{service("ads", consent.Advertising, google), service("a", consent.Measure, google)}, nil,
			map[string]string{"analytics_storage": "a", "ad_storage": "ads", "ad_user_data": "ads", "ad_personalization": "ads"}},
		"services of others": {
			[]consent.Service{service("a", consent.Measure, ""), service("b", consent.Advertising, uet)}, nil,
			map[string]string{}},
		"settings without types": {
			[]consent.Service{service("a", consent.Measure, google)}, &catalogue.GoogleConsent{WaitForUpdate: 500},
			map[string]string{"analytics_storage": "a"}},
		"no types": {
			[]consent.Service{service("a", consent.Measure, google)}, &catalogue.GoogleConsent{Types: map[string]string{}},
			map[string]string{}},
		"own types": {
			[]consent.Service{service("a", consent.Measure, google)},
			&catalogue.GoogleConsent{Types: map[string]string{"ad_storage": "third-party"}},
			map[string]string{"ad_storage": "third-party"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := &catalogue.Catalogue{Catalogue: consent.Catalogue{Services: test.services}, GoogleConsent: test.settings}
			if got := c.GoogleTypes(); !maps.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
