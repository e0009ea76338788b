import { TranslationBundle } from '@jupyterlab/translation';
import { fileIcon } from '@jupyterlab/ui-components';
import { forwardRef, useId, useState } from 'react';
import { Button } from '../components/Button';
import { chooseFiles } from '../components/chooseFiles';

const LINES = 10;
/** In a form, the field looks like one for several lines. */
const FORM_LINES = 4;

interface IPackagesFieldProps {
  label: string;
  text: string;
  problems: readonly string[];
  trans: TranslationBundle;
  onChange: (text: string) => void;
  /** Called on Enter; without it, Enter adds a line and Ctrl+Enter submits the form. */
  onEnter?: () => void;
}

/** Packages: one, a pasted list, or a requirements file that is chosen or dropped. */
export const PackagesField = forwardRef<HTMLTextAreaElement, IPackagesFieldProps>(
  function PackagesField(props, ref) {
    const { label, text, problems, trans, onChange, onEnter } = props;
    const id = useId();
    const [over, setOver] = useState(false);
    const take = async (file: File | undefined) => {
      if (file) {
        onChange(await file.text());
      }
    };
    return (
      <div
        className={`nby-Field nby-PackagesField${over ? ' nby-mod-over' : ''}`}
        onDragOver={event => {
          if (event.dataTransfer.types.includes('Files')) {
            event.preventDefault();
            setOver(true);
          }
        }}
        onDragLeave={() => setOver(false)}
        onDrop={event => {
          setOver(false);
          if (event.dataTransfer.files.length) {
            event.preventDefault();
            event.stopPropagation();
            void take(event.dataTransfer.files[0]);
          }
        }}
      >
        <label htmlFor={id}>{label}</label>
        <textarea
          ref={ref}
          id={id}
          className="jp-mod-styled"
          rows={Math.min(LINES, Math.max(onEnter ? 1 : FORM_LINES, text.split('\n').length))}
          spellCheck={false}
          placeholder={trans.__('cowsay==6.1')}
          aria-invalid={!!problems.length}
          aria-describedby={`${id}-help${problems.length ? ` ${id}-problem` : ''}`}
          value={text}
          onChange={event => onChange(event.target.value)}
          onKeyDown={event => {
            if (
              event.key === 'Enter' &&
              !event.shiftKey &&
              onEnter &&
              !event.nativeEvent.isComposing
            ) {
              event.preventDefault();
              onEnter();
            }
          }}
        />
        <div className="nby-Field-head">
          <div id={`${id}-help`} className="nby-Field-help">
            {trans.__('One package per line, or drop a requirements file here.')}{' '}
            {onEnter
              ? trans.__('Press Shift+Enter for a new line.')
              : trans.__('Press Ctrl+Enter to install.')}
          </div>
          <Button
            title={trans.__('Read the packages from a requirements file')}
            onClick={async () => take((await chooseFiles('file'))[0])}
          >
            <fileIcon.react tag="span" className="nby-Icon" />
            {trans.__('From File…')}
          </Button>
        </div>
        {!!problems.length && (
          <div id={`${id}-problem`} className="nby-Field-error" role="alert">
            {problems.map(problem => (
              <div key={problem}>{problem}</div>
            ))}
          </div>
        )}
      </div>
    );
  }
);
