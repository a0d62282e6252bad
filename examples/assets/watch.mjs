// Compiles the stylesheets, and again whenever one of them changes: npm run watch
import { spawnSync } from 'node:child_process';
import { watch } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

function build() {
  const done = spawnSync('npm', ['run', '--silent', 'build'], { cwd: here, stdio: 'inherit' });
  const time = new Date().toLocaleTimeString();
  console.log(done.status === 0 ? `${time} public/site.css is up to date` : `${time} not compiled, see above`);
}

build();
// An editor saves in several steps: wait until it has been quiet for a moment.
let timer;
watch(`${here}styles`, () => {
  clearTimeout(timer);
  timer = setTimeout(build, 50);
});
