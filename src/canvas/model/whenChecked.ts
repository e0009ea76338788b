import { Checker } from './checker';

/** How long to wait for the server to check the document, in milliseconds. */
const PATIENCE = 4000;

/** Wait until the server has checked the newest document and it is drawn, or a timeout. */
export async function whenChecked({ checker }: { checker: Checker }): Promise<void> {
  await new Promise<void>(resolve => {
    const done = () => {
      if (checker.settled || timedOut) {
        window.clearTimeout(timer);
        checker.changed.disconnect(done);
        requestAnimationFrame(() => requestAnimationFrame(() => resolve()));
      }
    };
    let timedOut = false;
    const timer = window.setTimeout(() => {
      timedOut = true;
      done();
    }, PATIENCE);
    checker.changed.connect(done);
  });
}
