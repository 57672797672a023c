import t from 'tap';

import { redactUrl, withAuth } from '../../src/frames/url.js';

t.test('credentials are appended as they are', (t) => {
  const cases = [
    ['http://zm/index.php?view=image', 'token=a.b+c/d=', 'http://zm/index.php?view=image&token=a.b+c/d='],
    ['http://zm/frame.jpg', 'user=a&pass=b c', 'http://zm/frame.jpg?user=a&pass=b c'],
    ['http://zm/frame.jpg?', 'token=x', 'http://zm/frame.jpg?&token=x'],
    ['http://zm/frame.jpg#a?b', 'token=x', 'http://zm/frame.jpg#a?b&token=x'],
    ['http://zm/frame.jpg#part', 'token=x', 'http://zm/frame.jpg#part?token=x'],
    ['http://zm/index.php?view=image', '', 'http://zm/index.php?view=image'],
  ] as const;
  for (const [url, auth, expected] of cases) t.equal(withAuth(url, auth), expected);
  t.end();
});

t.test('a redacted URL says which frame it is, and where', (t) => {
  t.equal(
    redactUrl('http://zm.lan:8080/zm/index.php?view=image&eid=12&fid=snapshot&token=SECRET'),
    'http://zm.lan:8080/zm/index.php?view=image&eid=12&fid=snapshot&token=***',
  );
  t.equal(
    redactUrl(new URL('https://zm/zm/index.php?eid=1&fid=7&width=640')),
    'https://zm/zm/index.php?eid=1&fid=7&width=***',
  );
  t.equal(redactUrl('http://cam/snapshot.jpg'), 'http://cam/snapshot.jpg');
  t.end();
});

t.test('nothing that may be a credential survives', (t) => {
  const urls = [
    'http://SECRET:SECRET@zm/index.php',
    'http://zm/index.php?token=SECRET',
    'http://zm/index.php?TOKEN=SECRET',
    'http://zm/index.php?view=image&SECRET',
    'http://zm/index.php?view=image&SECRET=1',
    'http://zm/index.php?user=admin&pass=a&SECRET=b',
    'http://zm/index.php?eid=1;token=SECRET',
    'http://zm/index.php?fid=SECRET SECRET',
    'http://zm/index.php#token=SECRET',
    'http://zm/index.php&token=SEC/SECRET',
    'http://zm/index.php%3Ftoken%3DSECRET',
    'http://zm/index.php;sid=SECRET/x',
    'http://http://SECRET:SECRET@zm/x',
    'http://http://user%3ASECRET%40zm/x',
    'zm/index.php?token=SECRET',
    'SECRET:SECRET@zm/index.php',
    'ftp://SECRET@zm/',
    'data:text/plain,SECRET',
    'http://:SECRET',
    'SECRET',
    '',
  ];
  for (const url of urls) t.notMatch(redactUrl(url), /SECRET/i, url);
  t.end();
});

t.test('what is shown is short and on one line', (t) => {
  t.ok(redactUrl(`http://zm/${'a'.repeat(5000)}`).length < 320);
  t.ok(redactUrl(`http://zm/?${'b=1&'.repeat(5000)}`).length < 320);
  t.notMatch(redactUrl('http://zm/a\nb?view=c\nd&eid=e%0Af'), /\n/);
  t.end();
});
