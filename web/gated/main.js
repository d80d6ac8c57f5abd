// gated.js: what a page needs only where an embed waits in it, where a script is let
// in after it has been read, or where what has run in it is withdrawn. The loader
// (web/loader/fetch-later.js) fetches it then.
import { meet, showing } from './embed.js';
import { filling } from './fill.js';
import { callLate } from './late.js';
import { clear, placing } from './placeholder.js';
import { reload } from './reload.js';

// The contract between the two. The loader hands over, by the names that they have
// in its own modules:
//
//	has, known           choice.js
//	choose               layers.js
//	insert               script.js
//	passed               passed.js
//	parse, scriptURL, trustedHTML   trusted.js
//	warn                 bundle.js
//	services             the category of each service
//	isRefused            frames.js
//	touched              gate.js: what the visitor has typed into
//	language, onLanguage language.js
//	placeholders()       fetches what placeholders show, by id
//
// and is handed:
//
//	show(embed, ids)           lets an embed in that has waited for ids; returns what takes it away
//	clear(embed)               takes its placeholder away
//	draw(embeds, idOf, once)   draws the placeholders of embeds that have none
//	callLate(heard, during)    calls what released scripts wanted to hear of too late
//	reload()                   loads the page anew, unless the visitor would lose something

/** Begins, once in a page. */
export function begin(page) {
  const place = placing(filling(page));
  const draw = (embeds, ...more) => {
    embeds.forEach(meet);
    place(embeds, ...more);
  };
  return { show: showing(page), clear, draw, callLate, reload: () => reload(page) };
}
