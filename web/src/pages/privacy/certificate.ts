/** The name of the file that a certificate is saved in. */
export const certificateFile = (request: string) => `certificate-${request}.jws`
