import { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '../../../components/Button';
import { copyText } from '../../../components/problems';

interface ICopyableProps {
  /** What the text is for. */
  caption: string;
  /** What the text is, for a screen reader. */
  label: string;
  text: string;
  /** What to say when it is copied. */
  said: string;
  trans: TranslationBundle;
}

/** A text with a button that copies it. */
export function Copyable({ caption, label, text, said, trans }: ICopyableProps): JSX.Element {
  return (
    <>
      <div className="nby-Bar">
        <span>{caption}</span>
        <Button onClick={() => void copyText(text, said)}>{trans.__('Copy')}</Button>
      </div>
      <pre tabIndex={0} role="region" aria-label={label}>
        {text}
      </pre>
    </>
  );
}
