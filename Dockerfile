# The extension and rr on PHP's own thread-safe image. Mount or copy an application with its .rr.yaml into /app:
#
#   docker build -t roadrunner .
#   docker run --rm -p 8080:8080 -v "$PWD:/app" roadrunner
#
# http.address must then be 0.0.0.0:8080 or so: 127.0.0.1 is not seen from outside of a container.

ARG PHP=8.4
ARG RUST=1.95

FROM rust:${RUST}-bookworm AS rust

FROM php:${PHP}-zts-bookworm AS build
COPY --from=rust /usr/local/cargo /usr/local/cargo
COPY --from=rust /usr/local/rustup /usr/local/rustup
ENV CARGO_HOME=/usr/local/cargo \
    RUSTUP_HOME=/usr/local/rustup \
    PATH=/usr/local/cargo/bin:$PATH
# The base image says which version of it there is.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libclang-dev nghttp2-client openssl \
    && rm -rf /var/lib/apt/lists/* \
    && rustup component add llvm-tools
WORKDIR /source
COPY . .
WORKDIR /source/pecl
RUN phpize && ./configure --enable-roadrunner-pgo && make && make install INSTALL_ROOT=/out \
    && install -D -m 755 ../bin/rr /out/usr/local/bin/rr

FROM php:${PHP}-zts-bookworm
RUN docker-php-ext-install opcache \
    && printf 'opcache.enable_cli=1\n' > /usr/local/etc/php/conf.d/opcache-cli.ini \
    && printf 'extension=roadrunner.so\n' > /usr/local/etc/php/conf.d/roadrunner.ini
COPY --from=build /out/ /
WORKDIR /app
# www-data: rr refuses to serve as root.
USER 33:33
EXPOSE 8080
# rr is process 1: it passes signals on, restarts a server that crashed, and reaps what others leave behind.
STOPSIGNAL SIGTERM
ENTRYPOINT ["rr"]
CMD ["serve"]
