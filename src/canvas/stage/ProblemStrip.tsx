import { useLayoutEffect, useRef, useState } from 'react';
import { LinkButton } from '../../components/Button';
import { useSignal } from '../../components/hooks/useSignal';
import { problemIcon } from '../../icons/startup';
import { title } from '../model/connecting';
import { useCanvas, useUi } from '../model/hooks';
import { INoticeAction } from '../model/tokens';
import { nextProblem } from './navigation';

/** Below the diagram: problems with links to them, and the latest message. */
export function ProblemStrip(): JSX.Element {
  const canvas = useCanvas();
  const { checker, trans } = canvas;
  const { notice } = useUi();
  const problems = useSignal(checker.changed, () => checker.problems);
  const unreachable = useSignal(checker.changed, () => checker.unreachable);
  const [open, setOpen] = useState(false);
  const isOffline = unreachable !== undefined || !canvas.services.backend;
  const isEmpty = !problems.length && !isOffline && !notice?.text;
  return (
    <div className={`nby-Strip${isEmpty ? ' nby-mod-empty' : ''}`}>
      {open && problems.length > 0 && (
        <ol className="nby-Strip-list">
          {problems.map((problem, index) => (
            <li key={index}>
              <LinkButton onClick={() => nextProblem(canvas, index)}>
                {problem.node ? `${title(canvas, problem.node)}: ` : ''}
                {problem.message}
              </LinkButton>
            </li>
          ))}
        </ol>
      )}
      <div className="nby-Strip-line">
        {problems.length > 0 && (
          <LinkButton
            className="nby-Strip-problems"
            aria-expanded={open}
            onClick={() => setOpen(!open)}
          >
            <problemIcon.react tag="span" className="nby-Icon" />
            {trans._n('%1 problem', '%1 problems', problems.length)}
          </LinkButton>
        )}
        {isOffline && (
          <span className="nby-Strip-offline">
            {checker.isInvalid
              ? trans.__('The document is not valid. Ports, checks and runs wait until it changes.')
              : trans.__(
                  'The nbyard server is not reachable. Ports, checks and runs wait until it responds.'
                )}{' '}
            {unreachable}
          </span>
        )}
        <span role="status" className={notice?.problem ? 'nby-Strip-bad' : undefined}>
          {notice?.text}
        </span>
        {notice?.action && <Offer {...notice.action} />}
      </div>
    </div>
  );
}

/** A button that goes away with its message; the keys then return to the canvas. */
function Offer({ label, run }: INoticeAction): JSX.Element {
  const canvas = useCanvas();
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    const { current } = button;
    return () => {
      if (current === document.activeElement) {
        canvas.front?.focus({ preventScroll: true });
      }
    };
  }, [canvas]);
  return (
    <button
      ref={button}
      type="button"
      className="nby-Link"
      onClick={() => {
        button.current?.focus(); // not every browser does so
        run();
        canvas.set({ notice: undefined });
      }}
    >
      {label}
    </button>
  );
}
