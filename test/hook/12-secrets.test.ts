/** Nothing secret of a portal's URL, of logins or of tokens in what the hook says. */
import t from 'tap';

import { startDaemon } from '../support/daemon.js';
import { World } from './world.js';

const portal = 'http://SECRET:SECRET@127.0.0.1:1/SECRET/zm';
const general = 'basic_user: SECRET\nbasic_password: SECRET';

for (const mode of ['none', 'url', 'image']) {
  t.test(`gateway mode ${mode}`, async (t) => {
    const daemon = await startDaemon(t);
    const world = await World.start(t);
    const remote = mode === 'none' ? '' : `ml_gateway: ${daemon.url}\nml_gateway_mode: ${mode}`;
    const config = world.config({ general, remote });
    const ended = await world.hook(config, '--debug', '-O', `portal=${portal}`);
    t.equal(ended.status, 1);
    t.match(ended.stderr, /127\.0\.0\.1:1\/\*\*\*\/zm\/index\.php\?view=image&eid=7/);
    t.notMatch(`${ended.stdout}${ended.stderr}${daemon.logText}`, /SECRET|U0VDUkVU/);
  });
}
