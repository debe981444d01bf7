/// Certificates for tests alone, good for a century.
enum Certificates {
    /// Signed all below but the last.
    static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBmTCCAT+gAwIBAgIUJtgKmEEDq8kbSK/+DLplf3Dj1eMwCgYIKoZIzj0EAwIw
        GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTIxMDc0MzE1WhgPMjEy
        NjEwMjgwNzQzMTVaMBkxFzAVBgNVBAMMDlRlc3QgYXV0aG9yaXR5MFkwEwYHKoZI
        zj0CAQYIKoZIzj0DAQcDQgAEo0V2P1mLu7iLag5RCvNLdFCUo4v/vYPUrlYLrbth
        tV6ULSk5Vz+YimAREpEpaDaPKyWdEQTh1mBJ9eVkHfrbA6NjMGEwHQYDVR0OBBYE
        FGc/aByhkxWCDMJNt8K+2ev7bKnFMB8GA1UdIwQYMBaAFGc/aByhkxWCDMJNt8K+
        2ev7bKnFMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgIEMAoGCCqGSM49
        BAMCA0gAMEUCIAEXkT9P5nYycSc4nQ8hRjvaJBGWthbYqYq8iqOJj1uzAiEAnkEz
        XdoU08oYuj1kkL4mey/YrAXn9ffvvhb06FNdF54=
        -----END CERTIFICATE-----
        """

    /// For 127.0.0.1.
    static let server = """
        -----BEGIN CERTIFICATE-----
        MIIBlTCCATygAwIBAgIUZqEPOX0ReQYPpXDBUYiwz4oVusUwCgYIKoZIzj0EAwIw
        GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTIxMDc0NzA3WhgPMjEy
        NjEwMjgwNzQ3MDdaMBExDzANBgNVBAMMBnNlcnZlcjBZMBMGByqGSM49AgEGCCqG
        SM49AwEHA0IABIUXrPZUcA8qOeBDC1kGwjWewamMl8q6r5g7lIJCqePB+hoz+vk3
        PprAgR9jLgAlMKY/QvgGrklN4/wcpBPQBv+jaDBmMA8GA1UdEQQIMAaHBH8AAAEw
        EwYDVR0lBAwwCgYIKwYBBQUHAwEwHQYDVR0OBBYEFMMds4/NHCao55oT8PTtaG11
        YW8AMB8GA1UdIwQYMBaAFGc/aByhkxWCDMJNt8K+2ev7bKnFMAoGCCqGSM49BAMC
        A0cAMEQCIGi+5FEa2D2n+hBBeXm0xHaaH1/2UDqVlaEXaQAPQpC8AiBpP+4ZOoCB
        vqKBJMYpQYn/hPdzjKWRoBazN2g+dlglWg==
        -----END CERTIFICATE-----
        """

    /// Of `server`.
    static let serverKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgPKhT3fI3x55qAl69
        5ctALL0d48y8abm+wnF7C9uwAuuhRANCAASFF6z2VHAPKjngQwtZBsI1nsGpjJfK
        uq+YO5SCQqnjwfoaM/r5Nz6awIEfYy4AJTCmP0L4Bq5JTeP8HKQT0Ab/
        -----END PRIVATE KEY-----
        """

    /// For docker.example.
    static let named = """
        -----BEGIN CERTIFICATE-----
        MIIBnzCCAUWgAwIBAgIUZqEPOX0ReQYPpXDBUYiwz4oVusYwCgYIKoZIzj0EAwIw
        GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTIxMDc0NzA3WhgPMjEy
        NjEwMjgwNzQ3MDdaMBAxDjAMBgNVBAMMBW5hbWVkMFkwEwYHKoZIzj0CAQYIKoZI
        zj0DAQcDQgAE+YfvDnpWESn8sSXRrOmzPPPXXfFwemeI4RtLWWfKQag4whuQn1sc
        cOWDcYHfhaYNwsrCIw3tU46vZHYPkICcW6NyMHAwGQYDVR0RBBIwEIIOZG9ja2Vy
        LmV4YW1wbGUwEwYDVR0lBAwwCgYIKwYBBQUHAwEwHQYDVR0OBBYEFI8ROt2J1Bt7
        Qg/TmGw5TuSm9CrhMB8GA1UdIwQYMBaAFGc/aByhkxWCDMJNt8K+2ev7bKnFMAoG
        CCqGSM49BAMCA0gAMEUCIDYdygsRrssb9gRj4xcIITPD+SvUhl/+Mprx5JieW0DM
        AiEAxXVTPyd2FPxYspHQT3qLku9Jy3W97zxwMLXhrEGwZ/E=
        -----END CERTIFICATE-----
        """

    /// Of `named`.
    static let namedKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg7eDBl1CBcSJvK7e4
        SKM6iTBvCvgyP4c/8XYDeJIF/6GhRANCAAT5h+8OelYRKfyxJdGs6bM889dd8XB6
        Z4jhG0tZZ8pBqDjCG5CfWxxw5YNxgd+Fpg3CysIjDe1Tjq9kdg+QgJxb
        -----END PRIVATE KEY-----
        """

    /// For clients only.
    static let client = """
        -----BEGIN CERTIFICATE-----
        MIIBhTCCASugAwIBAgIUZqEPOX0ReQYPpXDBUYiwz4oVusQwCgYIKoZIzj0EAwIw
        GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTIxMDc0MzE1WhgPMjEy
        NjEwMjgwNzQzMTVaMBExDzANBgNVBAMMBmNsaWVudDBZMBMGByqGSM49AgEGCCqG
        SM49AwEHA0IABH34w9vq4qzgADU8erVfZB1jYv3UZcy5iI1x+i9Pji2HrH+sKDfw
        yckec5c59KiU2e0jB1kW8VMosTp3bjAFqFOjVzBVMBMGA1UdJQQMMAoGCCsGAQUF
        BwMCMB0GA1UdDgQWBBRqHxVWovJrKuiXMF3RJEixSsy9dDAfBgNVHSMEGDAWgBRn
        P2gcoZMVggzCTbfCvtnr+2ypxTAKBggqhkjOPQQDAgNIADBFAiBGz79SPWx7o6X9
        o5piCEpvvyVg50gdJ3PNTiY+803qQQIhALEpl6vzk0JidIMEGY+gjtwLhJN8oTN1
        vrgOLShAcJKd
        -----END CERTIFICATE-----
        """

    /// Of `client`.
    static let clientKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgaTsFor/0ao6hWm4y
        RveNGT3SMcrWVlsEfS9Xb8wrrf6hRANCAAR9+MPb6uKs4AA1PHq1X2QdY2L91GXM
        uYiNcfovT44th6x/rCg38MnJHnOXOfSolNntIwdZFvFTKLE6d24wBahT
        -----END PRIVATE KEY-----
        """

    /// An authority that signed nothing.
    static let stranger = """
        -----BEGIN CERTIFICATE-----
        MIIBizCCATGgAwIBAgIUC4Lu0AVjDIluEB8B9hLPwIud4TEwCgYIKoZIzj0EAwIw
        GjEYMBYGA1UEAwwPT3RoZXIgYXV0aG9yaXR5MCAXDTI2MTEyMTA3NDMxNVoYDzIx
        MjYxMDI4MDc0MzE1WjAaMRgwFgYDVQQDDA9PdGhlciBhdXRob3JpdHkwWTATBgcq
        hkjOPQIBBggqhkjOPQMBBwNCAAQrQqKA7KenpyoJ+MqIMyoUE2fuQlB8LzYOkKh+
        5N9huGUK5PkJq9uUxZ375RCn8hVax4fR9YhhwA8Jk8FH9gu/o1MwUTAdBgNVHQ4E
        FgQUAXtN2j4QZGnWI2fb6nOJJo8zpS4wHwYDVR0jBBgwFoAUAXtN2j4QZGnWI2fb
        6nOJJo8zpS4wDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAq6Ox
        YuFxCeLXRyZOm80T07Ut5gaIz3+pxI/M1l3+38ICIAeNvrkHDceZR+E68RnBx9Oj
        Mt1HCsUd1hcEzlau0JbT
        -----END CERTIFICATE-----
        """
}
