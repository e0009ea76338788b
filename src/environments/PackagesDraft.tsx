import { TranslationBundle } from '@jupyterlab/translation';
import { ReactNode, Ref } from 'react';
import { Changes } from './Changes';
import { PackagesField } from './PackagesField';
import { IPackagesDraft } from './usePackagesDraft';

interface IPackagesDraftProps {
  label: string;
  draft: IPackagesDraft;
  trans: TranslationBundle;
  field?: Ref<HTMLTextAreaElement>;
  onChange: (next: string) => void;
  onEnter: () => void;
  /** The buttons, shown below the field. */
  children: ReactNode;
}

/** The field for packages, its buttons, and what an installation would change. */
export function PackagesDraft(props: IPackagesDraftProps): JSX.Element {
  const { label, draft, trans, field, onChange, onEnter, children } = props;
  const { text, resolution, problems } = draft;
  return (
    <>
      <PackagesField
        ref={field}
        label={label}
        text={text}
        problems={problems}
        trans={trans}
        onChange={onChange}
        onEnter={onEnter}
      />
      {children}
      {resolution && (
        <Changes
          changes={resolution.changes}
          none={trans.__('No packages would change.')}
          label={trans.__('Changes')}
          trans={trans}
        />
      )}
    </>
  );
}
