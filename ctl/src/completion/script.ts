export type Shell = 'bash' | 'zsh' | 'fish';
export const completionScript = async (_shell: Shell): Promise<string> => '';
