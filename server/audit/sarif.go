package audit

import (
	"encoding/json"
	"io"

	"temoin.example/temoin/server/version"
)

// The part of SARIF 2.1.0 (OASIS) that code scanning reads.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID            string          `json:"id"`
		Short         sarifText       `json:"shortDescription"`
		Full          sarifText       `json:"fullDescription"`
		Help          sarifText       `json:"help"`
		Configuration sarifConfig     `json:"defaultConfiguration"`
		Properties    sarifProperties `json:"properties"`
	}
	sarifConfig struct {
		Level Level `json:"level"`
	}
	sarifProperties struct {
		Tags []string `json:"tags"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifInvocation struct {
		Successful bool `json:"executionSuccessful"`
	}
	sarifResult struct {
		Rule         string            `json:"ruleId"`
		Index        int               `json:"ruleIndex"`
		Level        Level             `json:"level"`
		Message      sarifText         `json:"message"`
		Locations    []sarifLocation   `json:"locations"`
		Fingerprints map[string]string `json:"partialFingerprints"`
		Suppressions []sarifSuppressed `json:"suppressions,omitempty"`
	}
	sarifSuppressed struct {
		Kind          string `json:"kind"`
		Justification string `json:"justification"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		Line int `json:"startLine"`
	}
)

// WriteSARIF writes the report as SARIF 2.1.0. Each finding is at the catalogue's
// file where there is one in the repository, file as its path there: code scanning
// shows only what is in the repository. Else it is at its page.
func (r *Report) WriteSARIF(w io.Writer, file string) error {
	run := sarifRun{
		Tool:        sarifTool{sarifDriver{Name: "temoin audit", Version: version.String(), Rules: sarifRules()}},
		Invocations: []sarifInvocation{{r.Looked()}},
		Results:     []sarifResult{},
	}
	for _, f := range r.Findings {
		run.Results = append(run.Results, r.sarifResult(f, file))
	}
	for _, f := range r.Accepted {
		result := r.sarifResult(f, file)
		result.Suppressions = []sarifSuppressed{{"external", "in the baseline"}}
		run.Results = append(run.Results, result)
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}

func sarifRules() (list []sarifRule) {
	say := english().Say
	for _, rule := range rules {
		kind := string(rule.kind)
		list = append(list, sarifRule{
			ID: kind, Short: sarifText{say(kind)}, Full: sarifText{say(kind + "-what")}, Help: sarifText{say(kind + "-do")},
			Configuration: sarifConfig{rule.level}, Properties: sarifProperties{[]string{rule.rule, say(kind + "-law")}},
		})
	}
	return list
}

func (r *Report) sarifResult(f Finding, file string) sarifResult {
	place := file
	if place == "" {
		place = r.Site
		if f.Evidence != nil && f.Evidence.Page != "" {
			place = f.Evidence.Page
		}
	}
	_, index := ruleOf(f.Kind)
	return sarifResult{
		Rule: string(f.Kind), Index: index, Level: f.Level,
		Message:      sarifText{english().Say(string(f.Kind)) + ": " + english().Subject(f.Subject) + "\n" + f.details()},
		Locations:    []sarifLocation{{sarifPhysical{sarifArtifact{place}, sarifRegion{1}}}},
		Fingerprints: map[string]string{"temoin/v1": f.ID},
	}
}
