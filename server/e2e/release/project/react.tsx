import { useEffect, useState } from 'react';

import { Consent, ConsentFrame, ConsentScript, Temoin, useChoice, useConsent } from 'temoin/react';

const gated = { category: 'third-party', service: 'youtube' };

export function Page() {
  const [clicks, setClicks] = useState(0);
  const allowed: boolean = useConsent('youtube');
  const answer = useChoice();
  useEffect(() => { Object.assign(window, { begun: true }); }, []);
  return (
    <html lang="fr">
      <head>
        <meta charSet="utf-8" />
        <Temoin src="/temoin.js" />
        <title>React</title>
        <link rel="icon" href="data:," />
      </head>
      <body>
        <button id="counter" onClick={() => setClicks(clicks + 1)}>{clicks}</button>
        <p id="allowed">{String(allowed)} {String(answer?.choices['third-party'] ?? null)}</p>
        <ConsentScript {...gated} src="/gated.js" data-from="react" />
        <div id="gate"><Consent to="youtube" fallback={<b>no</b>}><i>yes</i></Consent></div>
        <ConsentFrame {...gated} src="/frame.html" title="A film" width="400" height="300" className="film" />
      </body>
    </html>
  );
}
