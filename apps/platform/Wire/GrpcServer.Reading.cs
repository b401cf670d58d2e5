using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using Google.Protobuf;
using Grpc.Core;

namespace ConcertDapr.Wire;

/// <content>Taking messages out of a request's body.</content>
public sealed partial class GrpcServer
{
    private sealed class EmptyRequestException() : RpcException(new Status(StatusCode.Unknown, "EOF"));

    private sealed class MessageReader(PipeReader body, bool gzip, int maxSize)
    {
        public async Task<T> ReadOneAsync<T>(MessageParser<T> parser, CancellationToken token) where T : class, IMessage<T>
        {
            var message = await ReadAsync(parser, token) ?? throw new EmptyRequestException();
            return await ReadAsync(parser, token) is null
                ? message : throw GrpcFraming.Error(StatusCode.Internal, "more than one message in a unary request");
        }

        public async IAsyncEnumerable<T> ReadAllAsync<T>(MessageParser<T> parser,
            [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken token) where T : class, IMessage<T>
        {
            while (await ReadAsync(parser, token) is { } message)
                yield return message;
        }

        private async Task<T?> ReadAsync<T>(MessageParser<T> parser, CancellationToken token) where T : class, IMessage<T>
        {
            while (true)
            {
                var result = await ReceiveAsync(token);
                var buffer = result.Buffer;
                if (TryTake(buffer, out var payload, out var compressed))
                {
                    var message = Parse(parser, compressed ? Inflate(payload) : payload);
                    body.AdvanceTo(payload.End);
                    return message;
                }
                body.AdvanceTo(buffer.Start, buffer.End);
                if (result.IsCompleted)
                    return buffer.IsEmpty ? null : throw GrpcFraming.Error(StatusCode.Internal, "unexpected EOF");
            }
        }

        private async Task<ReadResult> ReceiveAsync(CancellationToken token)
        {
            try
            {
                return await body.ReadAsync(token);
            }
            catch (IOException e)
            {
                // The caller has gone or has reset the call; whether it could still be told is not known here.
                throw new RpcException(new Status(StatusCode.Cancelled, "context canceled", e));
            }
        }

        private bool TryTake(ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> payload, out bool compressed)
        {
            (payload, compressed) = (default, false);
            if (buffer.Length < GrpcFraming.HeaderSize)
                return false;
            Span<byte> header = stackalloc byte[GrpcFraming.HeaderSize];
            buffer.Slice(0, GrpcFraming.HeaderSize).CopyTo(header);
            (compressed, var size) = GrpcFraming.ReadHeader(header);
            if (size > (uint)maxSize)
                throw GrpcFraming.Error(StatusCode.ResourceExhausted, $"grpc: received message larger than max ({size} vs. {maxSize})");
            if (compressed && !gzip)
                throw GrpcFraming.Error(StatusCode.Internal, "grpc: compressed flag set with identity or empty encoding");
            if (buffer.Length < GrpcFraming.HeaderSize + size)
                return false;
            payload = buffer.Slice(GrpcFraming.HeaderSize, size);
            return true;
        }

        private ReadOnlySequence<byte> Inflate(ReadOnlySequence<byte> payload)
        {
            try
            {
                return new ReadOnlySequence<byte>(Inflate(payload.ToArray()));
            }
            catch (InvalidDataException e)
            {
                throw GrpcFraming.Error(StatusCode.Internal, $"grpc: failed to decompress the received message: {e.Message}");
            }
        }

        private byte[] Inflate(byte[] payload)
        {
            using var plain = new MemoryStream();
            using var inflating = new GZipStream(new MemoryStream(payload), CompressionMode.Decompress);
            var chunk = new byte[16 * 1024];
            int read;
            while ((read = inflating.Read(chunk)) > 0)
            {
                plain.Write(chunk, 0, read);
                if (plain.Length > maxSize)
                    throw GrpcFraming.Error(StatusCode.ResourceExhausted,
                        $"grpc: received message after decompression larger than max {maxSize}");
            }
            return plain.ToArray();
        }

        private static T Parse<T>(MessageParser<T> parser, ReadOnlySequence<byte> payload) where T : class, IMessage<T>
        {
            try
            {
                return parser.ParseFrom(payload);
            }
            catch (InvalidProtocolBufferException e)
            {
                throw GrpcFraming.Error(StatusCode.Internal, $"grpc: error unmarshalling request: {e.Message}");
            }
        }
    }
}
