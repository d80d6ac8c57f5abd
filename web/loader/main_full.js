// temoin.js for a catalogue whose services name hosts to hold, keep things to
// erase or take signals; see main.js. The parts are apart for their weight.
import { begin } from './begin.js';
import { bundle } from './bundle.js';
import { holdScripted, holdWithin, pass } from './hold.js';
import { signal } from './signals.js';
import { beyondReach, cleanUp } from './withdraw.js';

begin({
  hold: bundle.hosts && { holdScripted, holdWithin, pass },
  signals: { signal },
  withdraw: { beyondReach, cleanUp },
});
