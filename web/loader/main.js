// temoin.js for a catalogue whose services keep nothing, take no signal and name
// no host. One classic script without dependency, made by the server for one
// catalogue and one language.
import { begin } from './begin.js';

begin();
