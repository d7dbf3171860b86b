main <fields.lua>
; parameters 0+, registers 5, upvalues 1, constants 9, functions 2
    1 2:14+2     NewTable             R0 0 0
    2 2:18+3     Vararg               R1 2
    3 3:12+1     GetField             R2 R0 K1          ; "y"
    4 3:17+1     GetField             R3 R0 K0          ; "x"
    5 3:6+1      SetField             R0 K1 R3          ; "y"
    6 3:1+1      SetField             R0 K0 R2          ; "x"
    7 4:8+1      GetIndex             R2 R0 255
    8 4:1+1      SetIndex             R0 1 R2
    9 5:3+4      LoadInt              R2 256
   10 5:12+3     LoadInt              R3 -1
   11 5:10+1     GetTable             R3 R0 R3
   12 5:1+1      SetTable             R0 R2 R3
   13 6:3+4      LoadFloat            R2 1
   14 6:10+1     GetTable             R3 R0 R1
   15 6:1+1      SetTable             R0 R2 R3
   16 7:3+4      LoadNil              R2 0
   17 7:12+5     LoadTrue             R3
   18 7:10+1     GetTable             R3 R0 R3
   19 7:1+1      SetTable             R0 R2 R3
   20 8:1+1      GetField             R2 R0 K2          ; "a"
   21 8:3+1      GetField             R2 R2 K3          ; "b"
   22 8:11+1     GetField             R3 R0 K2          ; "a"
   23 8:11+6     GetField             R3 R3 K3          ; "b"
   24 8:5+1      SetField             R2 K4 R3          ; "c"
   25 9:5+1      GetUpvalueField      R2 U0 K1          ; _ENV "y"
   26 9:1+1      SetUpvalueField      U0 K0 R2          ; _ENV "x"
   27 10:1+1     SetFieldConst        R0 K0 K5          ; "x" nil
   28 11:1+1     SetFieldConst        R0 K0 K6          ; "x" 1.5
   29 12:1+1     SetTableConst        R0 R1 K7          ; false
   30 18         Closure              R2 P0
   31 20:16+9    NewTable             R3 1 0
   32 20:16+9    SetFieldConst        R3 K0 K8          ; "x" 1
   33 21:7+1     GetField             R4 R3 K0          ; "x"
   34 21:9+1     AddRK                R4 R4 K8          ; 1
   35 21:3+1     SetField             R3 K0 R4          ; "x"
   36 23:7+8     Closure              R3 P1
   37 23         Return               R0 1 1
; local 0 t 3 to 38
; local 1 k 3 to 38
; local 2 up 31 to 38
; local 3 _ENV 33 to 36
; local 4 env 37 to 38
; upvalue U0 _ENV = R0

function 0 <fields.lua:13,18>
; parameters 0, registers 3, upvalues 3, constants 2, functions 0
    1 14:9+1     GetUpvalueField      R0 U0 K1          ; t "y"
    2 14:3+1     SetUpvalueField      U0 K0 R0          ; t "x"
    3 15:5+1     GetUpvalue           R0 U1             ; k
    4 15:10+1    GetUpvalue           R1 U0             ; t
    5 15:10+1    GetIndex             R1 R1 1
    6 15:3+1     GetUpvalue           R2 U0             ; t
    7 15:3+1     SetTable             R2 R0 R1
    8 16:7+1     GetUpvalue           R0 U0             ; t
    9 16:3+1     SetUpvalue           R0 U1             ; k
   10 17:9+1     GetUpvalue           R0 U1             ; k
   11 17:7+1     GetUpvalue           R1 U0             ; t
   12 17:7+1     GetTable             R0 R1 R0
   13 17:3+1     SetUpvalueField      U2 K0 R0          ; _ENV "x"
   14 18         Return0
; upvalue U0 t = R0
; upvalue U1 k = R1
; upvalue U2 _ENV = U0

function 1 <fields.lua:23,23>
; parameters 1, registers 2, upvalues 0, constants 1, functions 0
    1 23:33+1    GetField             R1 R0 K0          ; "x"
    2 23         Return1              R1
    3 23         Return0
; local 0 _ENV 1 to 4
