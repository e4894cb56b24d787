# syntax=docker/dockerfile:1
# Dependencies are built in a layer of their own (cargo-chef), so that a change of ours rebuilds ours.
FROM rust:1.95-slim-bookworm AS chef
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/* && cargo install --locked cargo-chef --version 0.1.78
WORKDIR /build

FROM chef AS planner
COPY . .
RUN cargo chef prepare --recipe-path recipe.json

FROM chef AS builder
ENV SQLX_OFFLINE=true
COPY --from=planner /build/recipe.json recipe.json
RUN cargo chef cook --release --locked --recipe-path recipe.json
COPY . .
RUN cargo build --release --locked

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* && useradd --system --uid 10001 --no-create-home earlybrd
COPY --from=builder /build/target/release/earlybrd /usr/local/bin/earlybrd
USER 10001
# Only reached through the platform's proxy, which needs another address than loopback.
ENV EARLYBRD_LISTEN=0.0.0.0:8080 EARLYBRD_LOG_FORMAT=json
EXPOSE 8080
ENTRYPOINT ["earlybrd"]
CMD ["serve"]
