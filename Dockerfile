# One file for all images; `make images` builds them all. One by hand:
#   docker build --build-arg PROJECT=apps/gateway -t localhost/concert-dapr/gateway:dev .
#   docker build --build-arg PROJECT=loadtest/rush --target program -t localhost/concert-dapr/rush:dev .
# Everything is compiled once, in a stage that all images share.

ARG SDK_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0-noble
ARG RUNTIME_IMAGE=mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled
# official: the Dapr.* packages. inrepo: apps/platform/DaprSdk, for builds that do not reach them.
ARG DAPR_SDK=official

FROM ${SDK_IMAGE} AS build
ARG DAPR_SDK
ENV DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_EnableDiagnostics=0 MSBUILDDISABLENODEREUSE=1
WORKDIR /src
# What packages are needed changes rarely: a layer of its own.
COPY ConcertDapr.sln images.slnf global.json Directory.Build.props Directory.Build.targets Directory.Packages.props ./
COPY apps/catalog/*.csproj apps/catalog/
COPY apps/gateway/*.csproj apps/gateway/
COPY apps/notification/*.csproj apps/notification/
COPY apps/payment/*.csproj apps/payment/
COPY apps/queue/*.csproj apps/queue/
COPY apps/reservation/*.csproj apps/reservation/
COPY apps/users/*.csproj apps/users/
COPY apps/platform/Contracts/*.csproj apps/platform/Contracts/
COPY apps/platform/DaprSdk/*.csproj apps/platform/DaprSdk/
COPY apps/platform/ServiceDefaults/*.csproj apps/platform/ServiceDefaults/
COPY apps/platform/Sidecar/*.csproj apps/platform/Sidecar/
COPY apps/platform/Wire/*.csproj apps/platform/Wire/
COPY loadtest/rush/*.csproj loadtest/rush/
RUN dotnet restore images.slnf -p:DaprSdk=$DAPR_SDK
COPY .editorconfig ./
COPY apps apps
COPY loadtest/rush loadtest/rush
# The program gets one name in all images, since an entry point without a shell cannot be put together from arguments.
RUN dotnet publish images.slnf -c Release --no-restore -p:DaprSdk=$DAPR_SDK && dotnet build-server shutdown \
 && for project in apps/*/*.csproj apps/platform/Sidecar/*.csproj loadtest/rush/*.csproj; do \
      cd "/src/${project%/*}/bin/Release/net10.0/publish" && mv "$(basename "$project" .csproj)" start && cd /src || exit 1; \
    done

# A program that runs and ends, or has no probe of its own: rush, sidecar.
FROM ${RUNTIME_IMAGE} AS program
ARG PROJECT
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="concert-dapr: ${PROJECT}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"
# Nothing is written to the file system: without diagnostics the runtime opens no socket in /tmp.
ENV DOTNET_EnableDiagnostics=0
WORKDIR /app
COPY --from=build /src/${PROJECT}/bin/Release/net10.0/publish ./
USER 1654:1654
ENTRYPOINT ["/app/start"]

# A service: its own argument `probe` asks it whether it is ready, for there is no shell and no curl.
FROM program AS service
ENV APP_PORT=8080 Listen__Address=0.0.0.0
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["/app/start", "probe"]
