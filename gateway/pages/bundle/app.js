var A,nn,vo,ce,xt,Je,rn,Ye,on,vt,_t,wo,Pe=Symbol.for("pv"),Ze={},et=[],ko=/^m(i|n|o|s|text|space)$/,wt=Array.isArray,an=et.slice,xe=Object.assign;function be(e){e&&e.parentNode&&e.remove()}function je(e,t,r,a,o){var s={type:e,props:t,key:r,ref:a,__k:null,__:null,__b:0,__e:null,__c:null,constructor:Pe,__v:o||++nn,__i:-1,__u:0};return!o&&A.vnode&&A.vnode(s),s}function E(e){return e.children}function Te(e,t){this.props=e,this.context=t,this.__g=0}function de(e,t){if(t==null)return e.__&&de(e.__,e.__i+1);for(var r;t<e.__k.length;t++)if((r=e.__k[t])&&r.__e)return r.__e;return typeof e.type!="function"||e.props.__P?null:de(e)}function Eo(e){var t,r=e.__v,a=r.__e,o=[],s=[],i=e.__P;i&&((t=xe({constructor:Pe},r)).__v=r.__v+1,A.vnode&&A.vnode(t),kt(i,t,r,e.__n,i.namespaceURI,32&r.__u?[a]:null,o,a||de(r),32&r.__u,s),t.__v=r.__v,t.__.__k[t.__i]=t,pn(o,t,s),r.__=r.__e=null,t.__e!=a&&sn(t))}function sn(e){if((e=e.__)&&e.__c&&!e.props.__P)return e.__e=null,e.__k.some(function(t){return t&&(e.__e=t.__e)}),sn(e)}function en(e){(8&e.__g||(e.__g|=8,ce.push(e),Je++))&&xt==A.debounceRendering||((xt=A.debounceRendering)||queueMicrotask)(ln)}function ln(){try{for(var e,t=1;ce.length;)ce.length>t&&ce.sort(rn),e=ce.shift(),t=ce.length,8&e.__g&&Eo(e)}finally{(Je=ce.length)&&(xt||queueMicrotask)(ln)}}function un(e,t,r,a,o,s,i,u,c,p,d){var f,g,m,y,x,S,w=a.__k||et,k=t.length;for(c=So(r,t,w,c,k),f=0;f<k;f++)(m=r.__k[f])!=null&&(g=~m.__i&&w[m.__i]||Ze,m.__i=f,S=kt(e,m,g,o,s,i,u,c,p,d),y=m.__e,(g.ref!=m.ref||8&g.__u)&&(g.ref&&Et(g.ref,null,m,g),m.ref&&d.push(m.ref,m.__c||y,m)),x=x||y,4&m.__u?(c=cn(m,c,e,!g.__v),g.__e&&(g.__e=null)):typeof m.type=="function"&&S!==void 0?c=S:y&&(c=y.nextSibling),m.__u&=-21);return r.__e=x,c}function So(e,t,r,a,o){var s,i,u,c,p,d,f,g,m,y=r.length,x=y,S=0,w=0,k=e.__k=Array(o);for(s=0;s<o;s++)(i=t[s])!=null&&typeof i!="boolean"&&typeof i!="function"?(typeof i!="object"||i.constructor===String?i=k[s]=je(null,i):wt(i)?i=k[s]=je(E,{children:i}):i.constructor===Pe&&i.__b?i=k[s]=je(i.type,i.props,i.key,i.ref,i.__v):k[s]=i,c=s+S,i.__=e,i.__b=e.__b+1,u=null,~(p=i.__i=To(i,r,c,x))&&(x--,(u=r[p])&&(u.__u|=2)),u&&u.__v?(i.__u|=16,p==c-1?S--:p==c+1?S++:p!=c&&(p>c?S--:S++,w=1)):(~p||(o>y?S--:o<y&&S++),typeof i.type!="function"&&(i.__u|=4))):k[s]=null;if(w){for(d=[],f=[],s=0;s<o;s++)if((i=k[s])&&16&i.__u){for(S=0,g=d.length;S<g;)d[m=S+g>>1]<i.__i?S=m+1:g=m;d[S]=i.__i,f[s]=S+1}for(S=d.length;s--;)f[s]&&(f[s]==S?S--:k[s].__u|=4)}if(x)for(s=0;s<y;s++)!(u=r[s])||2&u.__u||(u.__e==a&&(a=de(u)),St(u,u));return a}function cn(e,t,r,a){var o,s,i,u;if(typeof e.type=="function"){if(e.props.__P)return t;if(o=e.__k)for(s=0;s<o.length;s++)o[s]&&(o[s].__=e,t=cn(o[s],t,r,!1));return t}for(t&&!t.parentNode&&(t=de(e))&&!t.parentNode&&(t=null),i=e.__e,u=t;u&&u.nodeType==8;)u=u.nextSibling;for(i!=u&&(!a&&r.moveBefore&&i.parentNode?r.moveBefore(i,t):r.insertBefore(i,t||null)),t=i;(t=t&&t.nextSibling)&&t.nodeType==8&&!t.data.startsWith("$s"););return t}function To(e,t,r,a){var o,s=e.key,i=e.type,u=t[r],c=u&&!(2&u.__u);if(u===null&&s==null||c&&s==u.key&&i==u.type)return r;if(a>(c?1:0)){for(o=r-1;o>=0;o--)if((u=t[o])&&!(2&u.__u)&&s==u.key&&i==u.type)return o;for(o=r+1;o<t.length;o++)if((u=t[o])&&!(2&u.__u)&&s==u.key&&i==u.type)return o}return-1}function tn(e,t,r){r==null&&(r=""),t[0]=="-"?e.setProperty(t,r):e[t]=r}function qe(e,t,r,a,o){var s,i;if(t=="style")if(typeof r=="string")e.style.cssText=r;else{if(typeof a=="string"&&(e.style.cssText=a=""),a)for(t in a)r&&t in r||tn(e.style,t);if(r)for(t in r)a&&r[t]==a[t]||tn(e.style,t,r[t])}else if(t[0]=="o"&&t[1]=="n")typeof r!="function"&&(r=null),typeof a!="function"&&(a=null),(e.__e||(e.__e={}))[t]=r,r&&a||(i=_t[t]||(_t[t]=No(t)),(e.__a||(e.__a={}))[t]=vt,s=t!=(t=t.replace(on,"$1")),(t=t.slice(2))[0]<"a"&&(t=t.toLowerCase()),r?e.addEventListener(t,i,s):e.removeEventListener(t,i,s));else{if(o=="http://www.w3.org/2000/svg")t=t.replace(/xlink(H|:h)/,"h").replace(/sName$/,"s");else if(t!="width"&&t!="height"&&t!="href"&&t!="list"&&t!="form"&&t!="tabIndex"&&t!="download"&&t!="rowSpan"&&t!="colSpan"&&t!="role"&&t!="popover"&&t in e)try{return void(e[t]=r??"")}catch{}if(typeof r=="function")return;r==null||r===!1&&t[4]!="-"?e.removeAttribute(t):e.setAttribute(t,t=="popover"&&r==1?"":r)}}function No(e){return function(t){var r=this.__e;if(r){if(r=r[e],t[Ye]==null)t[Ye]=vt++;else if(t[Ye]<this.__a[e])return;return r(A.event?A.event(t):t)}}}function kt(e,t,r,a,o,s,i,u,c,p){var d,f,g,m,y,x,S,w,k,R,O,te,Ge,T,D,Se,ue,ye,ne=t.type;if(t.constructor!==Pe)return null;128&r.__u&&(c=32&r.__u,d=r.__c.__z)&&(t.__u|=c,f=s=[],d.nodeType==8?u=Xe(d,s):s.push(d),u=s[0]||u),(d=A.__b)&&d(t);e:if(typeof ne=="function"){g=i.length;try{if(w=t.props,k=(d=ne.prototype)&&d.render,R=(d=ne.contextType)&&a[d.__c],O=d?R?R.props.value:d.__:a,(m=r.__c)?(t.__c=m,2&m.__g&&(m.__g|=1)):(k?t.__c=m=new ne(w,O):(t.__c=m=new Te(w,O),m.constructor=ne,m.render=Ao),R&&R.sub(m),m.state||(m.state={}),m.__n=a,m.__g|=8,m.__h=[],m.__k=[]),k&&(m.__s||(m.__s=m.state),ne.getDerivedStateFromProps&&(m.__s==m.state&&(m.__s=xe({},m.__s)),xe(m.__s,ne.getDerivedStateFromProps(w,m.__s)))),y=m.props,x=m.state,m.__v=t,r.__c){if(w!==y&&k&&!ne.getDerivedStateFromProps&&m.componentWillReceiveProps&&m.componentWillReceiveProps(w,O),t.__v==r.__v&&!(8&m.__g)||!(4&m.__g)&&m.shouldComponentUpdate&&m.shouldComponentUpdate(w,m.__s,O)===!1){t.__v!=r.__v&&(m.props=w,m.state=m.__s,m.__g&=-9),t.__e=r.__e,t.__k=r.__k,t.__k.some(function(z){z&&(z.__=t)}),et.push.apply(m.__h,m.__k),m.__k=[],m.__h.length&&i.push(m),u=de(r);break e}m.componentWillUpdate&&m.componentWillUpdate(w,m.__s,O),k&&m.componentDidUpdate&&m.__h.push(function(){m.componentDidUpdate(y,x,S)})}else k&&!ne.getDerivedStateFromProps&&m.componentWillMount&&m.componentWillMount(),k&&m.componentDidMount&&m.__h.push(m.componentDidMount);m.context=O,m.props=w,m.__P=e,m.__g&=-5,te=A.__r,Ge=k?25:0;do m.__g&=-9,te&&te(t),d=m.render(m.props,m.state=m.__s,m.context);while(8&m.__g&&++Ge<25);k&&(et.push.apply(m.__h,m.__k),m.__k=[]),m.state=m.__s,m.getChildContext&&(a=xe({},a,m.getChildContext())),k&&r.__c&&m.getSnapshotBeforeUpdate&&(S=m.getSnapshotBeforeUpdate(y,x)),T=d&&d.type===E&&d.key==null?d.props.children:d,w.__P&&(d=u,o=(e=w.__P).namespaceURI,c=s=null,r.props&&r.props.__P!=e&&(r.__k.some(function(z){z&&St(z,z)}),r.__k=null),u=r.__k?de(r,0):null),u=un(e,wt(T)?T:[T],t,r,a,o,s,i,u,c,p),w.__P&&(t.__e=null,u=d),t.__u&=-161,f&&f.some(be),m.__h.length&&i.push(m),1&m.__g&&(m.__g&=-4)}catch(z){if(i.length=g,t.__v=null,c||s)if(z&&z.then){if(t.__u|=128|c,s){for(~(ue=s.indexOf(u||void 0))||(ue=s.length);(ye=s[ue-1])&&ye.nodeType==8;)ue--;for(;ue<s.length;ue++)if(ye=s[ue])if(s[ue]=null,D){if(ye==Se)break}else{if(ye.nodeType!=8)break;ye.data.startsWith("$s")&&(Se=Xe(D=ye))}}if(!D){for(;u&&u.nodeType==8&&u.nextSibling;)u=u.nextSibling;D=u}(d=Xe(D=t.__c.__z||(t.__c.__z=D)))?(t.__e=D,u=d):t.__e=u,u=u&&u.nextSibling}else s&&s.some(be);else t.__e=r.__e;t.__k||(t.__k=r.__k||[]),z&&z.then||dn(t),A.__e(z,t,r)}}else u=t.__e=Co(r.__e,t,r,a,o,s,i,c,p,e);return(d=A.diffed)&&d(t),u}function Xe(e,t){if(e&&e.nodeType==8&&e.data.startsWith("$s"))for(var r=1;e=e.nextSibling;){if(e.nodeType==8){if(e.data.startsWith("$s"))r++;else if(e.data.startsWith("/$s")&&!--r)return e}t&&t.push(e)}}function dn(e){e&&(e.__c&&(e.__c.__g|=4),e.__k&&e.__k.some(dn))}function pn(e,t,r){for(var a=0;a<r.length;)Et(r[a++],r[a++],r[a++]);A.__c&&A.__c(t,e),e.some(function(o){try{e=o.__h,o.__h=[],e.some(function(s){s.call(o)})}catch(s){A.__e(s,o.__v)}})}function Co(e,t,r,a,o,s,i,u,c,p){var d,f,g,m,y,x,S,w,k=r.props||Ze,R=t.props,O=t.type;if(O=="svg"?o="http://www.w3.org/2000/svg":O=="math"?o="http://www.w3.org/1998/Math/MathML":o||(o="http://www.w3.org/1999/xhtml"),s){for(d=0;d<s.length;d++)if((y=s[d])&&(O?y.localName==O:y.nodeType==3)){e=y,s[d]=null;break}}if(!e){if(w=p.ownerDocument||document,!O)return w.createTextNode(R);e=w.createElementNS(o,O,R.is?R:p),u&&(A.__m&&A.__m(t,s),u=!1),s=null}if(O){if(p=O=="template"&&e.content||e,s=O=="textarea"&&R.defaultValue!=null?null:s&&an.call(p.childNodes),!u&&s)for(k={},d=0;d<e.attributes.length;d++)k[(y=e.attributes[d]).name]=y.value;for(d in k)y=k[d],d=="dangerouslySetInnerHTML"?g=y:d=="children"||d in R||d=="value"&&"defaultValue"in R||d=="checked"&&"defaultChecked"in R||qe(e,d,null,y,o);for(d in R)y=R[d],d=="children"?m=y:d=="dangerouslySetInnerHTML"?f=y:d=="value"?x=y:d=="checked"?S=y:u&&typeof y!="function"||k[d]===y||qe(e,d,y,k[d],o);f?(u||g&&(f.__html==g.__html||f.__html==e.innerHTML)||(e.innerHTML=f.__html),t.__k=[]):(g&&(e.textContent=""),(O=="foreignObject"||o=="http://www.w3.org/1998/Math/MathML"&&ko.test(O))&&(o="http://www.w3.org/1999/xhtml"),un(p,wt(m)?m:[m],t,r,a,o,s,i,s?s[0]:r.__k&&de(r,0),u,c),s&&s.some(be)),u&&O!="textarea"||(d="value",O=="progress"&&x==null?e.removeAttribute(d):x==null||x===e[d]&&(O!="progress"||x)||qe(e,d,x,k[d],o),d="checked",S!=null&&S!=e[d]&&qe(e,d,S,k[d],o))}else k===R||u&&e.data==R||(e.data=R);return e}function Et(e,t,r,a){try{typeof e=="function"?t?t.__x=e(t)||1:a&&(a=a.__c||a.__e)&&(t=a.__x)&&(a.__x=null,typeof t=="function"?t():e(null)):e.current=t}catch(o){A.__e(o,r)}}function St(e,t,r){var a,o,s,i;if(A.unmount&&A.unmount(e),!(a=e.ref)||a.current&&a.current!=e.__e||Et(a,null,t,e),a=e.__c){if(a.componentWillUnmount)try{a.componentWillUnmount()}catch(u){A.__e(u,t)}a.__P=a.__n=null}if(a=e.__k)for(i=0;i<a.length;i++)a[i]&&St(a[i],t,typeof e.type!="function"||r&&!e.props.__P);!r&&(a=e.__c)&&(a=a.__z)&&(o=Xe(a,s=[]))&&(a==e.__e&&s.some(be),be(o),be(a)),r||be(e.__e),e.__e=e.__c=e.__=null}function Ao(e,t,r){return this.constructor(e,r)}function mn(e,t){var r,a,o,s;A.__&&A.__(e,t),t.nodeType==9&&(t=t.documentElement),a=(r=e&&32&e.__u)?null:t.__k,t.__k=je(E,{children:[e]}),o=[],s=[],kt(t,t.__k,a||Ze,Ze,t.namespaceURI,a?null:t.firstChild?an.call(t.childNodes):null,o,a?a.__e:t.firstChild,r,s),pn(o,t.__k,s),t.__k.props.children=null}A={__e:function(e,t,r,a){for(var o,s,i;t=t.__;)if((o=t.__c)&&!(1&o.__g)){o.__g|=4;try{if((i=(s=o.constructor)&&s.getDerivedStateFromError)&&o.setState(s.getDerivedStateFromError(e)),o.componentDidCatch&&(o.componentDidCatch(e,a||{}),i=1),i&&8&o.__g)return void(o.__g|=2)}catch(u){e=u}}throw Je=0,e}},nn=0,vo=function(e){return e!=null&&e.constructor===Pe},Te.prototype.setState=function(e,t){var r=this.__s;r&&r!=this.state||(r=this.__s=xe({},this.state)),typeof e=="function"&&(e=e(xe({},r),this.props)),e&&(xe(r,e),this.__v&&(t&&this.__k.push(t),en(this)))},Te.prototype.forceUpdate=function(e){this.__v&&(this.__g|=4,e&&this.__h.push(e),en(this))},Te.prototype.render=E,ce=[],Je=0,rn=function(e,t){return e.__v.__b-t.__v.__b},Ye=Symbol(),on=/(PointerCapture)$|Capture$/i,vt=0,_t={},wo=0;var Ne,$,Tt,gn,Nt=Object.is,Ue=0,kn=[],Ct=[],P=A,fn=P.__b,hn=P.__r,yn=P.diffed,bn=P.__c,xn=P.unmount,_n=P.__;function tt(e,t){P.__h&&P.__h($,e,Ue||t),Ue=0;var r=$.__H||($.__H={__:[],__h:[]});return e>=r.__.length&&r.__.push({}),r.__[e]}function h(e){return Ue=1,Ro(Tn,e)}function Ro(e,t,r){var a=tt(Ne++,2);if(a.t=e,!a.__c&&(a.__=[r?r(t):Tn(void 0,t),function(s){var i=(a.__N||a.__)[0],u=a.t(i,s);Nt(i,u)||(a.__N=[u,a.__[1]],a.__c.setState({}))}],a.__c=$,!$.__f)){$.__f=!0;var o=$.shouldComponentUpdate;$.shouldComponentUpdate=function(s,i,u){var c=this.__H;if(!c)return!0;var p=!1,d=this.props!=s;if(c.__.some(function(g){g.__N&&(p=!0,Nt(g.__[0],g.__N[0])||(d=!0))}),o){var f=o.call(this,s,i,u);return p?f||d:f}return!p||d}}return a.__}function _(e,t){var r=tt(Ne++,3);!P.__s&&Sn(r.__H,t)&&(r.__P=!0,r.__=e,r.u=t,$.__H.__h.push(r))}function G(e){return Ue=5,_e(function(){return{current:e}},[])}function _e(e,t){var r=tt(Ne++,7);return Sn(r.__H,t)&&(r.__=e(),r.__H=t),r.__}function ve(e,t){return Ue=8,_e(function(){return e},t)}function En(){var e=tt(Ne++,11);if(!e.__){for(var t=$.__v;!t.__m&&t.__;)t=t.__;var r=t.__m||(t.__m=[0,0]);e.__="P"+r[0]+"-"+r[1]++}return e.__}function Oo(){var e;do{for(;e=Ct.shift();)try{$e(e)}catch(r){P.__e(r,{__:(e=e.__P)&&e.__v})}for(;e=kn.shift();){var t=e.__H;if(e.__P&&t)try{t.__h.some($e),t.__h.some(At),t.__h=[]}catch(r){t.__h=[],P.__e(r,e.__v)}}}while(Ct.length)}P.__b=function(e){$=null,fn&&fn(e)},P.__=function(e,t){e&&t.__k&&t.__k.__m&&(e.__m=t.__k.__m),_n&&_n(e,t)},P.__r=function(e){hn&&hn(e),Ne=0;var t=($=e.__c).__H;t&&(Tt==$?$.__h=[]:(t.__h.some($e),t.__h.some(At),Ne=0),t.__h=[],t.__.some(function(r){r.__N&&(r.__=r.__N),r.u=r.__N=void 0})),Tt=$},P.diffed=function(e){yn&&yn(e);var t=e.__c;t&&t.__H&&(t.__H.__h.length&&wn(kn.push(t)),t.__H.__.some(function(r){r.u&&(r.__H=r.u)})),Tt=$=null},P.__c=function(e,t){t.some(function(r){try{r.__h.some($e),r.__h=r.__h.filter(function(a){return!a.__||At(a)})}catch(a){r.__h=[function(){throw a}]}}),bn&&bn(e,t)},P.unmount=function(e){xn&&xn(e);var t,r,a=e.__c;a&&a.__H&&(a.__H.__.some(function(o){try{if(o.__P&&o.__c){if(r===void 0){for(r=e.__;r&&(!r.__c||!r.__c.__P);)r=r.__;r=r&&r.__c}o.__P=r,wn(Ct.push(o))}else $e(o)}catch(s){t=s}}),a.__H=void 0,t&&P.__e(t,a.__v))};var vn=typeof requestAnimationFrame=="function";function Do(e){var t,r=function(){clearTimeout(a),vn&&cancelAnimationFrame(t),setTimeout(e)},a=setTimeout(r,35);vn&&(t=requestAnimationFrame(r))}function wn(e){e!=1&&gn==P.requestAnimationFrame||((gn=P.requestAnimationFrame)||Do)(Oo)}function $e(e){var t=$,r=e.__c;typeof r=="function"&&(e.__c=void 0,r()),$=t}function At(e){var t=$;e.__c=e.__(),$=t}function Sn(e,t){return!e||e.length!=t.length||t.some(function(r,a){return!Nt(r,e[a])})}function Tn(e,t){return typeof t=="function"?t(e):t}var Rt="gateway:moved";function Nn(){let e=location.pathname;return e==="/"?{page:"search"}:e.startsWith("/c/")?{page:"customer",id:Ot(e.slice(3))}:{page:"other",name:e.slice(1)}}function Ot(e){try{return decodeURIComponent(e)}catch{return e}}function pe(e){return`/c/${encodeURIComponent(e).replaceAll("%3A",":")}`}function re(e,t=!1){history[t?"replaceState":"pushState"](null,"",e),dispatchEvent(new Event(Rt))}function Cn(){let[e,t]=h(Nn);return _(()=>{let r=()=>t(Nn());return addEventListener("popstate",r),addEventListener(Rt,r),()=>{removeEventListener("popstate",r),removeEventListener(Rt,r)}},[]),e}function oe(e){if(e.metaKey||e.ctrlKey||e.shiftKey||e.button!==0)return;let t=e.currentTarget;e.preventDefault(),re(t.getAttribute("href")??"/")}function Z(){return new URLSearchParams(location.hash.slice(1))}function ae(e){let t=Z();for(let[a,o]of Object.entries(e))o===""?t.delete(a):t.set(a,o);let r=t.toString();re(location.pathname+(r?`#${r}`:""),!0)}var An="pge_",Io="profile-gateway:token",Lo="profile-gateway:token-wanted",Rn="/embed/c/",Fe=location.pathname.startsWith(Rn),On=()=>Ot(location.pathname.slice(Rn.length));function Dt(){parent.postMessage({type:Lo},"*")}function Dn(e){let t=({source:r,origin:a,data:o})=>{let{type:s,token:i}=o??{};r===parent&&s===Io&&typeof i=="string"&&Mo(i)===a&&e(i)};return addEventListener("message",t),Dt(),()=>removeEventListener("message",t)}function Mo(e){if(!e.startsWith(An))return null;let t=e.slice(An.length).split(".")[0].replaceAll("-","+").replaceAll("_","/");try{let{origin:r}=JSON.parse(atob(t));return typeof r=="string"?r:null}catch{return null}}function Ce(e,t="local"){if(Fe)return null;try{return It(t).getItem(e)}catch{return null}}function Ae(e,t,r="local"){if(!Fe)try{t===null?It(r).removeItem(e):It(r).setItem(e,t)}catch{}}var It=e=>e==="local"?localStorage:sessionStorage;var In={product:"Profile Gateway",skip:"Skip to content",search:{label:"Find a customer",placeholder:"Name, e-mail, phone, order or ticket number",hint:"As it is said on the phone: words in any order, nearly right is enough.",keys:"to choose, Enter to open, Esc to clear",busy:"Looking…",found:e=>e===1?"1 customer may be meant":`${e} customers may be meant`,exact:"exact",similar:"similar",tooShort:"One more letter: a single one finds everybody.",nobody:"Not in our system.",nobodySo:"Every source was asked, and none knows this.",nobodyYet:"Nobody found so far",notAsked:"This does not mean “not in our system”: not everything could be asked.",unavailable:e=>`Could not be asked: ${e}`,notTried:"Not looked for",withheldWays:"Some ways to find a customer are not open to you.",recent:"Recently opened",forget:"Forget these",openTickets:e=>e===1?"1 open ticket":`${e} open tickets`,noOpenTickets:"no open tickets",ticketsUnknown:"open tickets not known",ordersUnknown:"last order not known",lastOrder:e=>`ordered ${e}`,by:{ACCOUNT:"company account",COMPANY:"company",CUSTOMER_ID:"customer id",EMAIL:"e-mail",EXTERNAL_ID:"id at another system",MEMBER_NUMBER:"member number",NAME:"name",ORDER_ID:"order id",ORDER_NUMBER:"order number",PHONE:"phone",TICKET_ID:"ticket id",TICKET_NUMBER:"ticket number"}},viewer:{language:"Language",waiting:"Waiting for the page around this one to say who looks.",purpose:"Purpose",noPurpose:"no purpose",choosePurpose:"For which purpose do you look?",purposeWhy:"It is sent with every question, and stands in the audit beside it.",basis:{CONSENT:"the customer's consent",CONTRACT:"a contract",LEGITIMATE_INTEREST:"a legitimate interest",LEGAL_DUTY:"a legal duty"},anonymous:"no sign-in here",signIn:"Sign in",signInWhy:"Pages show customers to people who are known. Your key is exchanged once for a session of eight hours, and is kept nowhere.",key:"Key",refused:"This key is not known, or holds no more.",noSession:"Keys begin no session here. Open this page through your company's sign-in.",signOut:"Sign out"},customer:{title:"Customer",since:e=>`customer since ${e}`,localTime:e=>`${e} there`,speaks:e=>`speaks ${e}`,kind:{PERSON:"Person",COMPANY:"Company",UNKNOWN:""},role:{DECISION_MAKER:"decides",BUYER:"buyer",USER:"user",BILLING:"billing",TECHNICAL:"technical",OTHER:"other role",UNKNOWN:""},worksAt:(e,t)=>e?`${e}, ${t}`:t,unnamed:"No name",call:"Call",write:"Write",copy:"Copy",copied:"Copied",more:e=>`${e} more`,less:"Show less",zone:e=>`All times are in your zone, ${e}.`,pinned:e=>`The clock of this gateway stands at ${e}: figures are of that time.`,asQuery:"This page as a query",openEditor:"Open the editor",close:"Close",actsFor:"In this answer the customer's id is"},state:{broken:"This part cannot be shown; the rest is not affected.",loading:"Loading",asOf:e=>`as of ${e}`,withheld:"not for your purpose",unavailable:(e,t)=>`${e} could not be asked: ${t}.`,missing:e=>`Without ${e}, which could not be asked.`,askAgain:"Ask again",asking:"Asking…",askedLately:e=>`again in ${e} s`,atLeast:e=>`at least ${e}`,noSource:"No source has these.",reason:{SOURCE_TIMEOUT:"no answer in time",SOURCE_UNAVAILABLE:"it cannot be reached",SOURCE_THROTTLED:"it asks for fewer calls",SOURCE_AUTH:"it refuses the gateway",SOURCE_PROTOCOL:"its answer cannot be read",GATEWAY_BUSY:"the gateway was held up",OFFLINE:"the gateway cannot be reached"},otherReason:e=>`it failed (${e})`,aSource:"A source"},sources:{title:"Sources",allWell:e=>e===1?"1 source, now":`${e} sources, now`,others:e=>e===1?"1 other, now":`${e} others, now`,asking:"Asking the sources…",unavailable:"not reachable",dropped:e=>e===1?"1 record left out":`${e} records left out`},tickets:{title:"Open tickets",none:e=>`No open tickets in ${e}, asked now.`,ever:e=>e===1?"1 ticket in all":`${e} tickets in all`,noSubject:"Without a subject",priority:{LOW:"Low",NORMAL:"Normal",HIGH:"High",URGENT:"Urgent",UNKNOWN:""},status:{NEW:"new",OPEN:"open",PENDING:"waits for the customer",ON_HOLD:"on hold",SOLVED:"solved",CLOSED:"closed",UNKNOWN:""},author:{CUSTOMER:"Customer",AGENT:"Support",SYSTEM:"System",UNKNOWN:"Somebody"},opened:e=>`opened ${e}`},orders:{title:"Last order",none:e=>`No orders in ${e}, asked now.`,status:{PENDING:"placed",CONFIRMED:"confirmed",PROCESSING:"being made ready",SHIPPED:"on its way",DELIVERED:"delivered",CANCELLED:"cancelled",RETURNED:"returned",UNKNOWN:""},order:e=>`Order ${e}`,refunded:e=>`${e} went back`,pieces:"Items"},spend:{title:"Spend",orders:e=>`${e} orders`,oneOrder:"1 order",since:e=>`since ${e}`,refunded:e=>`${e} refunded`,none:"Nothing bought yet."},expected:{title:"What to expect next",renewal:e=>`${e} renews`,end:e=>`${e} ends`},months:{title:"Orders by month",orders:"Orders of the last twelve months",atLeast:"At least these orders of the last twelve months",month:"Month"},subscriptions:{title:"Subscriptions",renews:e=>`renews ${e}`,ends:e=>`ends ${e}`,cancelled:e=>`cancelled ${e}`,plan:"Subscription",status:{TRIAL:"trial",ACTIVE:"active",PAST_DUE:"payment due",PAUSED:"paused",CANCELLED:"cancelled",ENDED:"ended",UNKNOWN:""},every:{DAY:"a day",WEEK:"a week",MONTH:"a month",YEAR:"a year",UNKNOWN:""}},timeline:{title:"Timeline",all:"All",only:{ORDER:"Orders",TICKET:"Tickets",EVENT:"Behaviour",DEAL:"Deals",SUBSCRIPTION:"Subscriptions",SURVEY:"Surveys"},none:"Nothing has happened yet.",more:"Show more",end:"This is where it begins.",today:"Today",yesterday:"Yesterday",events:e=>`${e} actions`,stage:{OPEN:"open",WON:"won",LOST:"lost",UNKNOWN:""},deal:"Deal",survey:{NPS:"Would recommend",CSAT:"Contentment",CES:"Ease",REVIEW:"Review",UNKNOWN:"Survey"},outOf:(e,t)=>`${e} of ${t}`,details:"Details"},contacts:{title:"Contact",none:"No e-mail address and no phone number are known.",primary:"primary",address:"Address",noAddress:"No address is known.",account:"Company",noAccount:"Belongs to no company that is known.",member:"Member number",born:"Born",prefers:"Prefers",people:e=>`${e} people`,consents:"Consents",channel:{EMAIL:"E-mail",PHONE:"Phone",SMS:"SMS",PUSH:"Push",POST:"Post",CHAT:"Chat",WEB:"Web",SOCIAL:"Social",STORE:"Store",REVIEW:"Review",UNKNOWN:"Other"},consent:{GRANTED:"yes",DENIED:"no",WITHDRAWN:"withdrawn",UNKNOWN:"not asked"},completeness:"Profile",known:e=>`${e} known`,missing:e=>`missing: ${e}`,more:"More about the customer"},records:{title:"Known by",incomplete:"There may be another record: a source could not be asked.",differ:"Whose value it is",says:(e,t)=>`${e} says ${t}`},tags:{title:"Tags",none:"No tag says anything of this customer.",partial:"partial",stale:"being renewed",why:"Why",computed:e=>`computed ${e}`,seen:"What the rule saw",whyNot:"Why nothing else",unknown:"not known",yes:"yes",no:"no",category:{LIFECYCLE:"Lifecycle",BEHAVIOUR:"Behaviour",VALUE:"Value",PREFERENCE:"Preference",SATISFACTION:"Satisfaction",SERVICE:"Service",ACQUISITION:"Acquisition"}},lost:{title:"Nobody has this id",tried:"It was tried as every key that it may be: an id of a customer, an order or a ticket, a number, an id at another system.",unsure:"Not found, and not everything could be asked",erased:"This customer was erased",erasedSo:"Nothing of the person is shown any more.",hidden:"This customer is not shown for your purpose",hiddenSo:"Choose another purpose on top, if you have one.",forbidden:"You may not open customers by id",forbiddenSo:"The settings of the gateway say by which keys you may: customer_id is not among them.",ambiguous:"Who is it?",ambiguousSo:"Several customers have this key. Open one of them.",failed:"The customer could not be asked for",search:"Search for somebody else"},failure:{offline:"The gateway cannot be reached.",other:e=>`The gateway refused this (${e}).`,askAgain:"Ask again"}};var Ln={product:"Profile Gateway",skip:"跳到正文",search:{label:"查找客户",placeholder:"姓名、邮箱、电话、订单号或工单号",hint:"按电话里听到的输入即可：词序不限，写得差不多就能找到。",keys:"选择，回车打开，Esc 清空",busy:"正在查找…",found:e=>`可能是以下 ${e} 位客户`,exact:"完全一致",similar:"相似",tooShort:"请再输入一个字母：一个字母会匹配所有人。",nobody:"系统中没有此人。",nobodySo:"所有来源都已查询，没有任何一个认识。",nobodyYet:"暂时没有找到",notAsked:"这并不表示“系统中没有此人”：并非所有内容都能查询。",unavailable:e=>`无法查询：${e}`,notTried:"没有查找的内容",withheldWays:"有些查找方式未对您开放。",recent:"最近打开",forget:"清除记录",openTickets:e=>`${e} 个未结工单`,noOpenTickets:"没有未结工单",ticketsUnknown:"未结工单未知",ordersUnknown:"最近订单未知",lastOrder:e=>`${e}下单`,by:{ACCOUNT:"公司账号",COMPANY:"公司",CUSTOMER_ID:"客户编号",EMAIL:"邮箱",EXTERNAL_ID:"其他系统的编号",MEMBER_NUMBER:"会员号",NAME:"姓名",ORDER_ID:"订单标识",ORDER_NUMBER:"订单号",PHONE:"电话",TICKET_ID:"工单标识",TICKET_NUMBER:"工单号"}},viewer:{language:"语言",waiting:"正在等待外层页面说明由谁查看。",purpose:"用途",noPurpose:"未选用途",choosePurpose:"您出于什么用途查看？",purposeWhy:"用途会随每次查询发送，并与查询一起记入审计。",basis:{CONSENT:"客户同意",CONTRACT:"合同",LEGITIMATE_INTEREST:"正当利益",LEGAL_DUTY:"法定义务"},anonymous:"此处无需登录",signIn:"登录",signInWhy:"页面只向已知身份的人显示客户。您的密钥只使用一次，换取八小时的会话，不会保存在任何地方。",key:"密钥",refused:"此密钥无效或已失效。",noSession:"此处不能用密钥登录。请通过公司的登录入口打开本页。",signOut:"退出"},customer:{title:"客户",since:e=>`${e}起为客户`,localTime:e=>`当地 ${e}`,speaks:e=>`语言：${e}`,kind:{PERSON:"个人",COMPANY:"公司",UNKNOWN:""},role:{DECISION_MAKER:"决策人",BUYER:"采购",USER:"使用者",BILLING:"财务",TECHNICAL:"技术",OTHER:"其他角色",UNKNOWN:""},worksAt:(e,t)=>e?`${t}，${e}`:t,unnamed:"没有姓名",call:"拨打",write:"写邮件",copy:"复制",copied:"已复制",more:e=>`还有 ${e} 项`,less:"收起",zone:e=>`所有时间均为您的时区：${e}。`,pinned:e=>`网关的时钟停在 ${e}：数字以该时刻为准。`,asQuery:"查看本页的查询",openEditor:"打开编辑器",close:"关闭",actsFor:"客户编号为"},state:{broken:"此部分无法显示，其余部分不受影响。",loading:"正在加载",asOf:e=>`截至 ${e}`,withheld:"您的用途不可见",unavailable:(e,t)=>`无法查询 ${e}：${t}。`,missing:e=>`缺少 ${e} 的内容：无法查询。`,askAgain:"重新查询",asking:"正在查询…",askedLately:e=>`${e} 秒后可重试`,atLeast:e=>`至少 ${e}`,noSource:"没有提供此内容的来源。",reason:{SOURCE_TIMEOUT:"未及时答复",SOURCE_UNAVAILABLE:"无法连接",SOURCE_THROTTLED:"要求减少请求",SOURCE_AUTH:"拒绝网关访问",SOURCE_PROTOCOL:"答复无法读取",GATEWAY_BUSY:"网关繁忙",OFFLINE:"无法连接网关"},otherReason:e=>`出错（${e}）`,aSource:"某个来源"},sources:{title:"来源",allWell:e=>`${e} 个来源，刚刚查询`,others:e=>`其余 ${e} 个，刚刚查询`,asking:"正在查询各来源…",unavailable:"无法连接",dropped:e=>`略去 ${e} 条记录`},tickets:{title:"未结工单",none:e=>`${e} 中没有未结工单，刚刚查询。`,ever:e=>`共 ${e} 个工单`,noSubject:"无主题",priority:{LOW:"低",NORMAL:"普通",HIGH:"高",URGENT:"紧急",UNKNOWN:""},status:{NEW:"新建",OPEN:"处理中",PENDING:"等待客户",ON_HOLD:"搁置",SOLVED:"已解决",CLOSED:"已关闭",UNKNOWN:""},author:{CUSTOMER:"客户",AGENT:"客服",SYSTEM:"系统",UNKNOWN:"某人"},opened:e=>`${e}提出`},orders:{title:"最近订单",none:e=>`${e} 中没有订单，刚刚查询。`,status:{PENDING:"已下单",CONFIRMED:"已确认",PROCESSING:"备货中",SHIPPED:"运送中",DELIVERED:"已送达",CANCELLED:"已取消",RETURNED:"已退货",UNKNOWN:""},order:e=>`订单 ${e}`,refunded:e=>`已退 ${e}`,pieces:"商品"},spend:{title:"消费",orders:e=>`${e} 个订单`,oneOrder:"1 个订单",since:e=>`自 ${e}`,refunded:e=>`已退 ${e}`,none:"还没有购买。"},expected:{title:"接下来的预期",renewal:e=>`${e} 续订`,end:e=>`${e} 到期`},months:{title:"每月订单",orders:"最近十二个月的订单",atLeast:"最近十二个月至少有这些订单",month:"月份"},subscriptions:{title:"订阅",renews:e=>`${e}续订`,ends:e=>`${e}结束`,cancelled:e=>`${e}取消`,plan:"订阅",status:{TRIAL:"试用",ACTIVE:"有效",PAST_DUE:"待付款",PAUSED:"暂停",CANCELLED:"已取消",ENDED:"已结束",UNKNOWN:""},every:{DAY:"每天",WEEK:"每周",MONTH:"每月",YEAR:"每年",UNKNOWN:""}},timeline:{title:"时间线",all:"全部",only:{ORDER:"订单",TICKET:"工单",EVENT:"行为",DEAL:"商机",SUBSCRIPTION:"订阅",SURVEY:"调查"},none:"还没有发生任何事。",more:"显示更多",end:"从这里开始。",today:"今天",yesterday:"昨天",events:e=>`${e} 个行为`,stage:{OPEN:"进行中",WON:"赢单",LOST:"输单",UNKNOWN:""},deal:"商机",survey:{NPS:"推荐意愿",CSAT:"满意度",CES:"省力程度",REVIEW:"评价",UNKNOWN:"调查"},outOf:(e,t)=>`${e}（满分 ${t}）`,details:"详情"},contacts:{title:"联系方式",none:"没有已知的邮箱或电话。",primary:"首选",address:"地址",noAddress:"没有已知的地址。",account:"公司",noAccount:"没有已知的所属公司。",member:"会员号",born:"出生日期",prefers:"首选渠道",people:e=>`${e} 人`,consents:"授权",channel:{EMAIL:"邮件",PHONE:"电话",SMS:"短信",PUSH:"推送",POST:"信件",CHAT:"聊天",WEB:"网页",SOCIAL:"社交媒体",STORE:"门店",REVIEW:"评价",UNKNOWN:"其他"},consent:{GRANTED:"同意",DENIED:"拒绝",WITHDRAWN:"已撤回",UNKNOWN:"未询问"},completeness:"档案",known:e=>`已知 ${e}`,missing:e=>`缺少：${e}`,more:"更多信息"},records:{title:"认识此客户的系统",incomplete:"可能还有其他记录：有来源无法查询。",differ:"数值出自哪里",says:(e,t)=>`${e}：${t}`},tags:{title:"标签",none:"没有标签描述此客户。",partial:"不完整",stale:"正在更新",why:"原因",computed:e=>`计算于 ${e}`,seen:"规则看到的事实",whyNot:"为什么不是其他值",unknown:"未知",yes:"是",no:"否",category:{LIFECYCLE:"生命周期",BEHAVIOUR:"行为",VALUE:"价值",PREFERENCE:"偏好",SATISFACTION:"满意度",SERVICE:"服务",ACQUISITION:"获客"}},lost:{title:"没有人使用此编号",tried:"已按所有可能的键查找：客户、订单或工单的标识，号码，以及其他系统的编号。",unsure:"没有找到，但并非所有内容都能查询",erased:"此客户已被删除",erasedSo:"不再显示此人的任何内容。",hidden:"您的用途不可查看此客户",hiddenSo:"如有其他用途，请在上方选择。",forbidden:"您不能按编号打开客户",forbiddenSo:"网关的设置规定了您可以使用的键，其中没有 customer_id。",ambiguous:"是哪一位？",ambiguousSo:"多位客户使用此键，请打开其中一位。",failed:"无法查询此客户",search:"查找其他客户"},failure:{offline:"无法连接网关。",other:e=>`网关拒绝了此请求（${e}）。`,askAgain:"重新查询"}};var Mn={en:In,zh:Ln},Lt=Object.keys(Mn),Pn="gateway.language";function Po(){let e=Ce(Pn);for(let t of[e??"",...navigator.languages]){let r=t.split("-")[0];if(Lt.includes(r))return r}return"en"}var W=Po(),V=navigator.languages.find(e=>e.split("-")[0]===W)??W,l=Mn[W];function $n(e){Ae(Pn,e),location.reload()}var Pt=null,nt=null;function Ut(e){Pt=e}function Un(e){nt=e}var $t="gateway:signed-out";function Fn(e){return addEventListener($t,e),()=>removeEventListener($t,e)}var $o=3,Uo=5;async function Fo(e){for(let t=1;;t++){let r=await fetch("/graphql",e),a=Number(r.headers.get("retry-after")??NaN);if(r.status!==503||t===$o||!(a<=Uo))return r;await new Promise(o=>setTimeout(o,a*1e3))}}async function U(e,t,r){let a={"content-type":"application/json",accept:"application/json","x-csrf":"1"};Pt!==null&&(a["x-purpose"]=Pt),nt!==null&&(a.authorization=`Bearer ${nt}`);let o;try{o=await Fo({method:"POST",headers:a,body:JSON.stringify({query:String(e),variables:t}),credentials:nt===null?"same-origin":"omit",cache:"no-store",...r?{signal:r}:{}})}catch(s){if(r?.aborted)throw s;return{data:null,failures:[Mt("OFFLINE")]}}o.status===401&&dispatchEvent(new Event($t));try{let s=await o.json();return!s.errors&&!("data"in s)?{data:null,failures:[Mt(s.code??`HTTP_${o.status}`)]}:{data:s.data??null,failures:(s.errors??[]).map(i=>Wo(i,String(e)))}}catch(s){if(r?.aborted)throw s;return{data:null,failures:[Mt(o.status===401?"UNAUTHENTICATED":`HTTP_${o.status}`)]}}}function Wo(e,t){let r=e.extensions??{},[a]=e.locations??[],o=a?t.split(`
`)[a.line-1]?.slice(a.column-1):void 0;return{code:r.code??"UNKNOWN",message:e.message,path:e.path??[],field:o?.match(/^\w+/)?.[0]??null,source:r.source??null,candidates:r.candidates??[],missingSources:r.missingSources??[],requestId:r.requestId??null}}function Mt(e){return{code:e,message:"",path:[],field:null,source:null,candidates:[],missingSources:[],requestId:null}}function se(e,t){let[r,a]=h(null),[o,s]=h(!0),i=G(null),u=JSON.stringify(t),c=ve(async()=>{i.current?.abort();let f=new AbortController;i.current=f,s(!0);try{let{data:g,failures:m}=await U(e,t,f.signal);a({of:u,data:g,failures:m}),s(!1)}catch(g){if(!f.signal.aborted)throw g}},[e,u]);_(()=>(c(),()=>i.current?.abort()),[c]);let p=r?.of===u?r:null,d=p?.data?.customer??null;return{loading:p===null,asking:o,customer:d,failures:p?.failures??[],sources:d?.sources??[],ask:c}}var Bo=e=>e.filter(t=>typeof t=="string").join(".");function we(e,t){let r=`customer.${t}.`;return e.find(({path:a})=>a.length>0&&r.startsWith(`${Bo(a)}.`))??null}function Wn({loading:e,customer:t,failures:r}){return e||t!==null?null:r[0]??null}function rt(e,t){return e.some(r=>me(r)&&(r.field===t||r.path.includes(t)))}function me(e){return e!==null&&(e.code.startsWith("WITHHELD")||e.code==="FORBIDDEN")}function ot(e,t){return e.flatMap(({name:r,records:a})=>r!==null&&a.includes(t)?[r]:[])}function Ft(e,t=null){return e.flatMap(({state:a,asOf:o,records:s})=>a==="STALE"&&o!==null&&(t===null||s.some(i=>t.includes(i)))?[o]:[]).sort()[0]??null}var Vo=864e5,We=new Intl.RelativeTimeFormat(V,{numeric:"auto"}),Bn=new Intl.DateTimeFormat(V,{year:"numeric",month:"short",day:"numeric"}),Ho=new Intl.DateTimeFormat(V,{month:"short",day:"numeric"}),Qo=new Intl.DateTimeFormat(V,{weekday:"long",month:"long",day:"numeric",year:"numeric"}),Ko=new Intl.DateTimeFormat(V,{year:"2-digit",month:"short"}),zo=new Intl.DateTimeFormat(V,{hour:"2-digit",minute:"2-digit"}),Go=new Intl.DateTimeFormat(V,{dateStyle:"medium",timeStyle:"short"}),Vn=null;function Hn(e){Vn=e}var at=()=>new Date(Vn??Date.now()),Qn=Intl.DateTimeFormat().resolvedOptions().timeZone,H=e=>Be(Bn,e),Wt=e=>Be(Qo,e),q=e=>Be(zo,e),F=e=>Be(Go,e),Kn=e=>Ko.format(e);function Be(e,t){let r=new Date(t);return Number.isNaN(r.getTime())?t:e.format(r)}function st(e,t){return Be(new Date(e).getFullYear()===t.getFullYear()?Ho:Bn,e)}function ge(e,t){let r=Math.round((new Date(e).getTime()-t.getTime())/Vo);if(Number.isNaN(r))return e;let a=Math.abs(r);if(a<1){let o=Math.round((new Date(e).getTime()-t.getTime())/36e5);return Math.abs(o)<1?We.format(Math.round((new Date(e).getTime()-t.getTime())/6e4),"minute"):We.format(o,"hour")}return a<45?We.format(r,"day"):a<550?We.format(Math.round(r/30.4),"month"):We.format(Math.round(r/365.25),"year")}var L=class extends String{__apiType;value;__meta__;constructor(t,r){super(t),this.value=t,this.__meta__=r}toString(){return this.value}};var Re=new L(`
    query Behaviour($id: ID!, $records: [RecordType!], $after: String) {
  customer(by: {id: $id}) {
    id
    timeline(first: 50, records: $records, after: $after) {
      unavailable
      partial
      sources {
        ...SourceLine
      }
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        __typename
        ... on Order {
          id
          source
          number
          placedAt
          orderStatus: status
          total {
            amount
            currency
          }
          items {
            name
            quantity
            unitPrice {
              amount
              currency
            }
          }
        }
        ... on Ticket {
          id
          source
          number
          subject
          createdAt
          ticketStatus: status
          priority
          messages {
            author
            body
            at
          }
        }
        ... on Event {
          id
          source
          at
          type
          page
          feature
        }
        ... on Deal {
          id
          source
          name
          stage
          stageName
          createdAt
          closedAt
          amount {
            amount
            currency
          }
        }
        ... on Subscription {
          id
          source
          plan
          startedAt
          subscriptionStatus: status
          amount {
            amount
            currency
          }
        }
        ... on Survey {
          id
          source
          at
          surveyKind: kind
          score
          scale
          comment
        }
      }
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),zn=new L(`
    query Candidates($ids: [ID!]!) {
  customers(ids: $ids) {
    id
    name
    source
    email
    address {
      city
      country
    }
    company {
      name
    }
  }
}
    `),it=new L(`
    query Commerce($id: ID!) {
  customer(by: {id: $id}) {
    id
    orders(first: 3) {
      totalCount
      unavailable
      partial
      sources {
        ...SourceLine
      }
      nodes {
        ...OrderLine
      }
    }
    orderStatistics {
      count
      total {
        amount
        currency
      }
      refunded {
        amount
        currency
      }
      firstAt
      partial
    }
    subscriptions(first: 5) {
      unavailable
      sources {
        ...SourceLine
      }
      nodes {
        id
        source
        plan
        status
        amount {
          amount
          currency
        }
        interval
        intervalCount
        renewsAt
        cancelledAt
        endsAt
      }
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment OrderLine on Order {
  id
  source
  number
  channel
  status
  placedAt
  deliveredAt
  total {
    amount
    currency
  }
  refunded {
    amount
    currency
  }
  items {
    name
    quantity
    unitPrice {
      amount
      currency
    }
  }
  payments {
    method
  }
}
fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),lt=new L(`
    query Find($text: String!) {
  find(text: $text, first: 8) {
    matches {
      matchedBy
      exact
      customer {
        id
        name
        email
        phone
        memberNumber
        address {
          city
          country
        }
        company {
          name
        }
      }
    }
    unavailable
    notTried {
      source
      how
    }
    tooShort
  }
}
    `),Gn=new L(`
    query FoundCards($ids: [ID!]!) {
  customers(ids: $ids) {
    id
    orders(first: 1) {
      unavailable
      partial
      nodes {
        id
        placedAt
        status
      }
    }
    tickets(first: 1, filter: {status: [NEW, OPEN, PENDING, ON_HOLD, UNKNOWN]}) {
      totalCount
      unavailable
      partial
    }
  }
}
    `),qn=new L(`
    query RecentCustomers($ids: [ID!]!) {
  customers(ids: $ids) {
    id
    name
    address {
      city
      country
    }
    company {
      name
    }
  }
}
    `),ut=new L(`
    query Identity($id: ID!) {
  customer(by: {id: $id}) {
    id
    currentId
    source
    sourceId
    kind
    name
    email
    phone
    memberNumber
    birthDate
    locale
    jobTitle
    preferredChannel
    createdAt
    address {
      line
      postalCode
      city
      region
      country
    }
    company {
      name
      industry
      role
      roleName
    }
    contactPoints {
      kind
      value
      primary
    }
    consents {
      channel
      purpose
      state
      at
    }
    account {
      id
      name
      number
      industry
      size
    }
    records {
      source
      sourceId
      asOf
    }
    origins {
      field
      source
      rule
      others {
        source
        value
      }
    }
    identity {
      complete
      reason
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),ct=new L(`
    query Completeness($id: ID!) {
  customer(by: {id: $id}) {
    id
    completeness {
      share
      missing
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),Yn=new L(`
    query Months($id: ID!, $since: DateTime!) {
  customer(by: {id: $id}) {
    id
    orders(first: 100, filter: {since: $since}) {
      unavailable
      partial
      pageInfo {
        hasNextPage
      }
      sources {
        ...SourceLine
      }
      nodes {
        id
        source
        placedAt
      }
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),jn=new L(`
    query Segments($language: String) {
  segments {
    key
    label(language: $language)
    description(language: $language)
    words(language: $language)
    owner
    condition
    count
    known
    unknown
    asOf
  }
}
    `),dt=new L(`
    query Service($id: ID!) {
  customer(by: {id: $id}) {
    id
    open: tickets(first: 10, filter: {status: [NEW, OPEN, PENDING, ON_HOLD]}) {
      totalCount
      unavailable
      partial
      sources {
        ...SourceLine
      }
      nodes {
        ...TicketLine
      }
    }
    all: tickets(first: 1) {
      totalCount
      unavailable
      nodes {
        id
        subject
        solvedAt
        createdAt
      }
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment TicketLine on Ticket {
  id
  source
  number
  subject
  kind
  status
  priority
  channel
  createdAt
  messages {
    author
    body
    at
  }
}
fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),Xn=new L(`
    query SourceActivity {
  sourceActivity {
    process
    at
    sources {
      source {
        name
        kind
        health
        lookups {
          record
          by
        }
      }
      since
      pausedSeconds
      heldSeconds
      breakerOpenings
      calls
      failed
      outcomes {
        code
        count
      }
      refusedLookups {
        code
        count
      }
      retries
      hedges
      latencyP50Ms
      latencyP95Ms
      recentCalls
      minutes {
        at
        calls
        failed
        latencyP50Ms
        latencyP95Ms
      }
      callsUnderWay
      maxCalls
      waitingKeys
      cacheHits
      cacheMisses
      staleAnswers
      droppedRecords {
        record
        reason
        count
      }
      unreadableValues {
        record
        path
        reason
        count
      }
      callsPerSecond
      callsLeft
      quotaLeft
    }
  }
}
    `),Jn=new L(`
    query TagDefinitions($language: String) {
  tagDefinitions {
    key
    label(language: $language)
    description(language: $language)
    words(language: $language)
    category
    owner
    version
    review
    expression
    type
    values
    valueLabels(language: $language) {
      value
      label
    }
    thresholds {
      name
      value
    }
    ttlSeconds
  }
}
    `),pt=new L(`
    query TagReport($days: Int!) {
  tagReport(days: $days) {
    key
    changedAt
    asked
    callers {
      caller
      asked
    }
    sampled
    given
    partial
    failed
    values {
      value
      count
    }
    history {
      at
      version
      fingerprint
    }
    segments
    actions
  }
}
    `),mt=new L(`
    query Tags($id: ID!, $language: String) {
  customer(by: {id: $id}) {
    id
    tags {
      key
      category
      type
      value
      values
      label(language: $language)
      valueLabel(language: $language)
      reason
      freshness
      partial
      computedAt
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),Zn=new L(`
    query WhyTag($id: ID!, $key: String!, $language: String) {
  customer(by: {id: $id}) {
    id
    tag(key: $key) {
      key
      computedAt
      rule {
        version
        words
      }
      evidence {
        name
        label(language: $language)
        value
        missing
        partial
        sources
        window {
          since
          until
        }
      }
      whyNot {
        value
        words
      }
    }
  }
}
    `),er=new L(`
    query Viewer {
  viewer {
    caller
    user
    purposes {
      key
      basis
    }
    needsPurpose
    purpose
    finds
    operates
    governs
    pinnedClock
    layout
  }
}
    `);var tr=8,nr=e=>`gateway.recent:${e}`;function Ve(e){try{let t=JSON.parse(Ce(nr(e))??"[]");return Array.isArray(t)?t.filter(r=>typeof r=="string").slice(0,tr):[]}catch{return[]}}function rr(e,t){or(e,[t,...Ve(e).filter(r=>r!==t)].slice(0,tr))}function Oe(e,t){or(e,Ve(e).filter(r=>!t.includes(r)))}function or(e,t){Ae(nr(e),t.length===0?null:JSON.stringify(t))}function j({amount:e,currency:t}){try{return new Intl.NumberFormat(V,{style:"currency",currency:t}).format(e)}catch{return`${e} ${t}`}}var v=e=>new Intl.NumberFormat(V).format(e),ie=e=>new Intl.NumberFormat(V,{style:"percent"}).format(e),qo=new Intl.DisplayNames(V,{type:"region",fallback:"code"}),Yo=new Intl.DisplayNames(V,{type:"language",fallback:"code"});function ar(e){try{return qo.of(e)??e}catch{return e}}function sr(e){try{return Yo.of(e.split(/[-_]/)[0])??e}catch{return e}}function I(e){let t=e.replace(/_+/g," ").replace(/(?<=\p{L})-(?=\p{L})/gu," ").trim();return/\p{Ll}\p{Lu}/u.test(t)?t.replace(/([\p{Ll}\d])(\p{Lu})/gu,"$1 $2").toLowerCase():/^[\p{Lu}\d ]+$/u.test(t)&&t.length>3?t.toLowerCase():t}function fe(e){return e.charAt(0).toLocaleUpperCase(V)+e.slice(1)}function Y(e){return e==null?"":typeof e=="number"?v(e):Array.isArray(e)?e.map(Y).join(", "):typeof e=="object"?Object.values(e).filter(t=>t!==null).map(Y).join(", "):String(e)}function ir(e,t){if(!/^[A-Z]{2}$/.test(e))return null;let r=new Intl.Locale("und",{region:e}),a=r.getTimeZones?.()??r.timeZones??[],o=new Set(a.map(s=>new Intl.DateTimeFormat(V,{hour:"2-digit",minute:"2-digit",timeZone:s}).format(t)));return o.size===1?[...o][0]:null}function lr(e){let t=[...e.matchAll(/[\p{L}\p{N}]+/gu)].map(([r])=>[...r][0]);return t.length===0?"?":t.length===1?t[0]:(t[0]+t.at(-1)).toUpperCase()}var jo=Symbol.for("pv"),Xo=0;function n(e,t,r,a,o,s){t||(t={});var i,u,c=t;if("ref"in c&&typeof e!="function")for(u in c={},t)u=="ref"?i=t[u]:c[u]=t[u];var p={type:e,props:c,key:r,ref:i,__k:null,__:null,__b:0,__e:null,__c:null,constructor:jo,__v:--Xo,__i:-1,__u:0};return(o||s)&&(p.__source=o,p.__self=s),A.vnode&&A.vnode(p),p}var Jo={mail:"M3 5.5h14v9H3zM3.5 6l6.5 5 6.5-5",phone:"M5 3.5h2.5l1.2 3.2-1.6 1.2a9.5 9.5 0 0 0 5 5l1.2-1.6 3.2 1.2V15a1.6 1.6 0 0 1-1.7 1.6A12.6 12.6 0 0 1 3.4 5.2 1.6 1.6 0 0 1 5 3.5z",copy:"M7 7h9v9H7zM13 7V4H4v9h3",lock:"M5 9.5h10v7H5zM7 9.5V7a3 3 0 0 1 6 0v2.5",order:"M4 6.5h12l-1 9H5zM7.5 6.5V6a2.5 2.5 0 0 1 5 0v.5",ticket:"M4 4.5h12v8H9l-3.5 3v-3H4z",event:"M10 6v4l2.8 1.8M10 17a7 7 0 1 1 0-14 7 7 0 0 1 0 14z",deal:"M4 15V9m4 6V5m4 10v-4m4 4V7",subscription:"M15.5 8A6 6 0 0 0 4.6 7.2M4.5 4v3.4h3.4M4.5 12a6 6 0 0 0 10.9.8m.1 3.2v-3.4h-3.4",survey:"m10 3.5 2 4.2 4.5.6-3.3 3.1.8 4.6-4-2.2-4 2.2.8-4.6L3.500 8.300l4.500-.6z",yes:"m5 10.5 3.5 3.500L15.500 6.500",no:"m6 6 8 8m0-8-8 8",unknown:"M6 10h8",link:"M8 5H5v10h10v-3M11 4h5v5M16 4l-7 7"};function X({name:e}){return n("svg",{class:"icon",viewBox:"0 0 20 20","aria-hidden":"true",children:n("path",{d:Jo[e]})})}var Zo=1e4;function M({name:e,title:t,region:r,field:a,lines:o,records:s=[],aside:i,top:u,children:c}){let p=r.loading?null:Wn(r)??we(r.failures,a),d=o?Ft(o):Ft(r.sources,s);return n("section",{class:`box box-${e}`,"data-region":e,"aria-labelledby":`box-${e}`,"aria-busy":r.loading,children:[n("header",{children:[n("h2",{id:`box-${e}`,children:t}),d!==null&&n(ea,{since:d}),!r.loading&&p===null&&i]}),u,r.loading?n(ke,{}):me(p)?n(ee,{}):p!==null?n(Bt,{source:p.source,code:p.code,region:r}):c]})}function ke(){return n("div",{class:"loading",role:"status",children:[n("span",{class:"unseen",children:l.state.loading}),n("i",{}),n("i",{}),n("i",{})]})}function ee(){return n("span",{class:"withheld","data-state":"withheld",children:[n(X,{name:"lock"}),l.state.withheld]})}function ea({since:e}){return n("span",{class:"stale","data-state":"stale",children:l.state.asOf(q(e))})}function Q({children:e}){return n("p",{class:"none","data-state":"none",children:e})}function Ee(e){return l.state.reason[e]??l.state.otherReason(e)}function Bt({source:e,code:t,region:r}){return n("div",{class:"unavailable","data-state":"unavailable",role:"status",children:[n("p",{children:l.state.unavailable(e??l.state.aSource,Ee(t))}),n(He,{region:r})]})}function le({sources:e,region:t}){if(e.length===0)return null;let r=t.sources.find(({name:a,errorCode:o})=>a===e[0]&&o!==null);return n("div",{class:"unavailable","data-state":"unavailable",role:"status",children:[n("p",{children:e.length===1&&r?l.state.unavailable(e[0],Ee(r.errorCode)):l.state.missing(e.join(", "))}),n(He,{region:t})]})}function He({region:e}){let[t,r]=h(0),[a,o]=h(()=>Date.now()),s=Math.ceil((t-a)/1e3);_(()=>{if(s<=0)return;let u=setTimeout(()=>o(Date.now()),1e3);return()=>clearTimeout(u)},[a,s]);let i=()=>{o(Date.now()),r(Date.now()+Zo),e.ask()};return n("button",{type:"button",class:"again",disabled:e.asking||s>0,onClick:i,children:e.asking?l.state.asking:s>0?l.state.askedLately(s):l.state.askAgain})}function cr({identity:e}){let{customer:t}=e,r=t===null?[]:ta(t);return n(M,{name:"contacts",title:l.contacts.title,region:e,field:"contactPoints",records:["CUSTOMER"],children:[r.length===0&&n(Q,{children:l.contacts.none}),n("ul",{class:"contacts",children:r.map(a=>n(na,{...a},a.value))})]})}function ta({contactPoints:e,email:t,phone:r}){let a=[...t!==null?[{kind:"EMAIL",value:t,primary:!0}]:[],...r!==null?[{kind:"PHONE",value:r,primary:!0}]:[]],o=(e??[]).filter(({value:s})=>!a.some(i=>i.value===s));return[...a,...o].sort((s,i)=>Number(i.primary)-Number(s.primary))}function na({kind:e,value:t,primary:r}){let a=e==="PHONE";return n("li",{class:r?"contact":"contact secondary",children:[n(X,{name:a?"phone":"mail"}),n("a",{href:`${a?"tel":"mailto"}:${t}`,title:a?l.customer.call:l.customer.write,children:a?t:t.split("@").map((o,s)=>s===0?o:n(E,{children:["@",n("wbr",{}),o]}))}),n(Vt,{value:t})]})}function Vt({value:e,name:t=e}){let[r,a]=h(!1);if(!navigator.clipboard)return null;let o=async()=>{try{await navigator.clipboard.writeText(e),a(!0),setTimeout(()=>a(!1),1500)}catch{}};return n("button",{type:"button",class:"copy","aria-label":`${l.customer.copy}: ${t}`,title:l.customer.copy,onClick:o,children:[n(X,{name:r?"yes":"copy"}),n("span",{class:"unseen",role:"status",children:r?l.customer.copied:""})]})}function dr({identity:e}){let t=e.customer?.address??null,r=t===null?[]:[t.line,[t.postalCode,t.city].filter(Boolean).join(" "),[t.region,t.country&&ar(t.country)].filter(Boolean).join(", ")].filter(Boolean);return n(M,{name:"address",title:l.contacts.address,region:e,field:"address",records:["CUSTOMER"],children:[t===null&&n(Q,{children:l.contacts.noAddress}),n("address",{children:r.map(a=>n("span",{children:a},a))})]})}function pr({identity:e}){let t=e.customer?.account??null;return n(M,{name:"account",title:l.contacts.account,region:e,field:"account",records:["ACCOUNT"],children:[t===null&&n(Q,{children:l.contacts.noAccount}),t!==null&&n("p",{children:n("strong",{children:t.name})}),n("p",{class:"facts soft",children:[t?.industry&&n("span",{children:I(t.industry)}),t?.size!=null&&n("span",{children:l.contacts.people(t.size)}),t?.number&&n("span",{children:t.number})]})]})}function ra(e){return e===null||e==="UNKNOWN"?null:l.contacts.channel[e]}var ur=3;function oa(e){let t=e.length-ur;return[...e.slice(0,ur).map(I),...t>0?[l.customer.more(t)]:[]].join(", ")}function mr({identity:e,completeness:t,own:r}){let{customer:a,failures:o}=e,s=a===null?[]:[["memberNumber",l.contacts.member,a.memberNumber],["birthDate",l.contacts.born,a.birthDate&&H(a.birthDate.length===10?`${a.birthDate}T12:00:00`:a.birthDate)],["preferredChannel",l.contacts.prefers,ra(a.preferredChannel)],...r.map(([c,p])=>[c,c,p])],{share:i=null,missing:u=[]}=t.customer?.completeness??{};return n(M,{name:"profile",title:l.contacts.completeness,region:e,field:"id",records:["CUSTOMER"],children:[n("dl",{class:"pairs",children:s.map(([c,p,d])=>{let f=d===null&&me(we(o,c));return d===null&&!f?null:n("div",{children:[n("dt",{children:p}),n("dd",{children:f?n(ee,{}):d})]},c)})}),i!==null&&n(E,{children:[n("meter",{min:0,max:1,value:i,"aria-label":l.contacts.completeness}),n("p",{class:"soft small",children:[l.contacts.known(ie(i)),u.length>0&&`; ${l.contacts.missing(oa(u))}`]})]})]})}function gr({id:e}){let t=G(null),[r,a]=h(!1),o=[ut,ct,dt,it,Re,mt].map(u=>String(u).trim()).join(`

`),s=JSON.stringify({id:e,language:W});return n(E,{children:[n("button",{type:"button",class:"quiet",onClick:async()=>{t.current?.showModal();let u=await fetch("/graphql",{headers:{accept:"text/html"},cache:"no-store"}).catch(()=>null);a(u?.headers.get("content-type")?.startsWith("text/html")??!1)},children:l.customer.asQuery}),n("dialog",{ref:t,class:"as-query","aria-label":l.customer.asQuery,children:[n("header",{children:[n("h2",{children:l.customer.asQuery}),n(Vt,{value:o,name:l.customer.asQuery}),r&&n("a",{href:"/graphql",children:l.customer.openEditor}),n("button",{type:"button",class:"quiet",onClick:()=>t.current?.close(),children:l.customer.close})]}),n("p",{class:"soft",children:[l.customer.actsFor," ",n("code",{children:e})]}),n("pre",{tabIndex:0,children:`# ${s}
${o}`})]})]})}function fr({tags:e,commerce:t,now:r}){let a=(e.customer?.tags??[]).flatMap(({key:o,type:s,value:i,label:u,partial:c})=>s==="DATE"&&i!==null?[{key:o,words:u,day:i,partial:c}]:[]);for(let{id:o,plan:s,renewsAt:i,endsAt:u}of t.customer?.subscriptions?.nodes??[]){let c=s??l.subscriptions.plan,p=u??i;p!==null&&new Date(p)>=r&&a.push({key:o,words:u===null?l.expected.renewal(c):l.expected.end(c),day:p,partial:!1})}return!e.loading&&a.length===0?null:(a.sort((o,s)=>o.day.localeCompare(s.day)),n(M,{name:"expected",title:l.expected.title,region:e,field:"tags",children:n("ul",{class:"rows",children:a.map(({key:o,words:s,day:i,partial:u})=>n("li",{children:[n("span",{children:[s,u&&n("span",{class:"soft",children:[" (",l.tags.partial,")"]})]}),n("span",{class:"soft",children:[H(i),", ",ge(i,r)]})]},o))})}))}var aa=["SERVICE","LIFECYCLE","VALUE","SATISFACTION","BEHAVIOUR","PREFERENCE","ACQUISITION"],sa=["LIFECYCLE","VALUE","BEHAVIOUR"];function hr(e,t){return t.length>0?t.flatMap(r=>e.find(a=>a.key===r)??[]).slice(0,3):sa.flatMap(r=>{let a=e.filter(o=>o.category===r&&o.type==="ENUM");return a.find(({value:o})=>o!==null)??a[0]??[]})}function yr(e){return e.value===null?l.tags.unknown:e.type==="DATE"?H(e.value):e.type==="LIST"?(e.values??[]).map(I).join(", "):e.type==="BOOLEAN"?e.value==="true"?l.tags.yes:l.tags.no:e.value==="YES"?l.tags.yes:e.value==="NO"?l.tags.no:e.valueLabel!==null&&e.valueLabel!==e.value?e.valueLabel:e.type==="ENUM"?I(e.value).toLowerCase():I(e.value)}function br({tag:e}){let t=()=>ae({tag:e.key});return n("button",{type:"button",class:e.partial?"chip partial":"chip","data-state":e.partial?"partial":void 0,onClick:t,children:[e.label,": ",n("b",{children:yr(e)}),e.partial&&n("span",{class:"soft",children:[" (",l.tags.partial,")"]})]})}function xr({id:e,tags:t}){let r=t.customer?.tags??[],a=Z().get("tag");return _(()=>{a!==null&&document.getElementById(`tag-${a}`)?.scrollIntoView({block:"nearest"})},[a,t.loading]),n(M,{name:"tags",title:l.tags.title,region:t,field:"tags",children:[r.length===0&&n(Q,{children:l.tags.none}),aa.map(o=>{let s=r.filter(i=>i.category===o);return s.length===0?null:n("div",{class:"tag-group",children:[n("h3",{children:l.tags.category[o]}),n("ul",{children:s.map(i=>n("li",{id:`tag-${i.key}`,children:[n("button",{type:"button",class:i.partial?"tag partial":"tag","data-state":i.partial?"partial":void 0,"aria-expanded":a===i.key,onClick:()=>ae({tag:a===i.key?"":i.key}),children:[n("span",{children:i.label}),n("b",{children:[yr(i),i.partial&&n("span",{class:"soft",children:[" (",l.tags.partial,")"]})]})]}),a===i.key&&n(ia,{id:e,name:i.key})]},i.key))})]},o)})]})}function ia({id:e,name:t}){let[r,a]=h(null);if(_(()=>{let c=new AbortController;return U(Zn,{id:e,key:t,language:W},c.signal).then(({data:p})=>a({why:p?.customer?.tag??null}),()=>{}),()=>c.abort()},[e,t]),r===null)return n(ke,{});if(r.why===null)return n("p",{class:"none",children:l.tags.unknown});let{rule:o,evidence:s,whyNot:i,computedAt:u}=r.why;return n("div",{class:"why",children:[n("p",{children:o.words}),n("h4",{children:l.tags.seen}),n("dl",{children:s.map(c=>n("div",{children:[n("dt",{children:fe(c.label)}),n("dd",{children:[c.missing!==null?Ee(c.missing):la(c.value),c.partial&&` (${l.tags.partial})`]})]},c.name))}),i.length>0&&n(E,{children:[n("h4",{children:l.tags.whyNot}),n("ul",{class:"why-not",children:i.map((c,p)=>n("li",{children:[c.value!==null&&n("b",{children:I(c.value)})," ",c.words]},p))})]}),n("p",{class:"soft small",children:l.tags.computed(F(u))})]})}function la(e){return e===null?l.tags.unknown:typeof e=="string"&&/^\d{4}-\d\d-\d\dT/.test(e)?F(e):typeof e=="boolean"?e?l.tags.yes:l.tags.no:Y(e)}function _r({identity:e,tags:t,chosen:r,now:a}){let{customer:o,failures:s}=e;if(o===null)return n("header",{class:"who-is loading","aria-busy":"true",children:[n("i",{class:"portrait"}),n("div",{class:"who-words",children:[n("i",{}),n("i",{})]}),n("div",{class:"who-more"}),n("b",{class:"call"})]});let i=o.name!==null,u=t.customer?.tags??[],c=hr(u,r);return n("header",{class:"who-is","data-region":"header",children:[n("span",{class:"portrait","aria-hidden":"true",children:i?lr(o.name):"·"}),n("div",{class:"who-words",children:[n("h1",{children:i?o.name:me(we(s,"name"))?n(ee,{}):l.customer.unnamed}),n("p",{class:"facts",children:ua(o).map(p=>n("span",{children:p},p))}),n("p",{class:"facts soft",children:ca(o,a).map(p=>n("span",{children:p},p))})]}),n("div",{class:"who-more",children:[n("ul",{class:"chips","aria-label":l.tags.title,children:[c.map(p=>n("li",{children:n(br,{tag:p})},p.key)),u.length>c.length&&n("li",{class:"chip-more",children:["+",u.length-c.length]})]}),n(pa,{consents:o.consents,withheld:me(we(s,"consents"))})]}),o.phone!==null&&n("a",{class:"call primary",href:`tel:${o.phone}`,children:[n(X,{name:"phone"}),l.customer.call]})]})}function ua({kind:e,company:t,jobTitle:r,account:a}){let o=t?.name??a?.name??null,s=r??t?.roleName??(t?.role?l.customer.role[t.role]:""),i=o!==null?l.customer.worksAt(s??"",o):s??"";return[e==="COMPANY"||i===""?l.customer.kind[e??"UNKNOWN"]:"",i].filter(u=>u!=="")}function ca({createdAt:e,address:t,locale:r},a){let o=t?.country?ir(t.country,a):null;return[e!==null?l.customer.since(H(e)):"",t?.city??"",o!==null?l.customer.localTime(o):"",r!==null?l.customer.speaks(sr(r)):""].filter(s=>s!=="")}var da={GRANTED:"yes",DENIED:"no",WITHDRAWN:"no",UNKNOWN:"unknown"};function pa({consents:e,withheld:t}){return t?n(ee,{}):e===null||e.length===0?null:n("ul",{class:"consents","aria-label":l.contacts.consents,children:e.slice(0,4).map(({channel:r,purpose:a,state:o})=>n("li",{class:`consent ${o.toLowerCase()}`,children:[n(X,{name:da[o]??"unknown"}),[l.contacts.channel[r],a].filter(Boolean).join(" · "),": ",l.contacts.consent[o]]},`${r}${a}`))})}var ma={right:["tickets","last-order","spend"],middle:["timeline"],left:["contacts","address","account","profile","records"],below:["expected","subscriptions","tags","months"]};function vr(e){let t=typeof e=="object"&&e!==null?e:{},r=a=>{let o=t[a];return Array.isArray(o)?o.filter(s=>typeof s=="string"):[]};return{regions:r("regions"),hide:new Set(r("hide")),fields:r("fields").filter(a=>/^[a-z][A-Za-z0-9]*$/.test(a)),tags:r("tags")}}function wr(e,t){let r=ma[e],a=t.regions.filter(o=>r.includes(o));return[...a,...r.filter(o=>!a.includes(o))].filter(o=>!t.hide.has(o))}function gt({found:e}){let{result:t,failures:r}=e;if(t===null){let u=r[0]?.code??"UNKNOWN";return n("p",{class:"note grey",role:"alert",children:u==="OFFLINE"?l.failure.offline:l.failure.other(u)})}if(t.tooShort)return n("p",{class:"note",children:l.search.tooShort});let{matches:a,unavailable:o,notTried:s}=t,i=o.length===0&&s.length===0;return n("div",{class:"silence",children:[a.length===0&&n("p",{class:"silence-nobody",role:"status",children:[n("strong",{children:i?l.search.nobody:l.search.nobodyYet})," ",i?l.search.nobodySo:l.search.notAsked]}),o.length>0&&n("p",{class:"note grey",children:l.search.unavailable(o.join(", "))}),s.length>0&&n("details",{class:"note",open:a.length===0,children:[n("summary",{children:[l.search.notTried,": ",[...new Set(s.map(u=>u.source))].join(", ")]}),n("ul",{children:s.map(u=>n("li",{children:[n("b",{children:u.source})," ",u.how]},u.source+u.how))})]})]})}var ga=160;function ft({matches:e,unavailable:t}){let[r,...a]=e.filter(o=>o.exact);return r!==void 0&&a.length===0&&t.length===0?r.customer.id:null}function kr(e){let[t,r]=h(null),[a,o]=h(!1),[s,i]=h(0),u=G(!1),c=e.trim();return _(()=>{if(c===""){r(null),o(!1);return}o(!0);let d=new AbortController,f=setTimeout(async()=>{try{let g=await U(lt,{text:c},d.signal);if(d.signal.aborted)return;let m=g.data?.find??null;r({text:c,result:m,failures:g.failures,cards:new Map}),o(!1);let y=m?.matches.map(w=>w.customer.id)??[];if(y.length===0)return;let x=await U(Gn,{ids:y},d.signal);if(d.signal.aborted)return;let S=new Map((x.data?.customers??[]).flatMap(w=>w?[[w.id,w]]:[]));r({text:c,result:m,failures:g.failures,cards:S})}catch(g){if(!d.signal.aborted)throw g}},u.current?0:ga);return u.current=!1,()=>{clearTimeout(f),d.abort()}},[c,s]),{found:t,busy:a,findNow:()=>{u.current=!0,i(d=>d+1)}}}function Er({id:e,viewer:t,identity:r}){let a=r.failures.find(({path:s})=>s.length<=1)??null,o=a?.code??null;return _(()=>{o==="ERASED"&&Oe(t,[e])},[o]),o==="AMBIGUOUS_IDENTITY"?n(Sr,{ids:a.candidates,missing:a.missingSources}):o==="ERASED"?n(Ht,{state:"erased",title:l.lost.erased,words:l.lost.erasedSo}):o==="FORBIDDEN"?n(Ht,{state:"forbidden",title:l.lost.forbidden,words:l.lost.forbiddenSo}):o==="WITHHELD_PURPOSE"?n(Ht,{state:"hidden",title:l.lost.hidden,words:l.lost.hiddenSo}):o!==null&&o!=="INVALID_KEY"?n("main",{id:"content",class:"lost","data-state":"failed",children:[n("h1",{children:l.lost.failed}),n(Bt,{source:a.source,code:o,region:r}),n(Qt,{})]}):n(fa,{id:e,viewer:t})}function Qt(){return n("p",{children:n("a",{href:"/",onClick:oe,children:l.lost.search})})}function Ht({state:e,title:t,words:r}){return n("main",{id:"content",class:"lost","data-state":e,children:[n("h1",{children:t}),n("p",{children:r}),n(Qt,{})]})}function fa({id:e,viewer:t}){let[r,a]=h(null),[o,s]=h([]);_(()=>{let c=new AbortController;return U(lt,{text:e},c.signal).then(({data:p,failures:d})=>{s(d);let f=p?ft(p.find):null;f!==null&&f!==e?re(pe(f),!0):a(p?.find??{matches:[],unavailable:[],notTried:[],tooShort:!1}),p&&p.find.unavailable.length===0&&Oe(t,[e])},()=>{}),()=>c.abort()},[e]);let i=r?.matches.filter(c=>c.exact)??[];if(i.length>1||i.length===1&&i[0].customer.id!==e)return n(Sr,{ids:i.map(({customer:c})=>c.id),missing:r?.unavailable??[]});if(r===null)return n("main",{id:"content",class:"lost","aria-busy":"true",children:n(ke,{})});let u=o.length===0&&r.unavailable.length===0&&r.notTried.length===0;return n("main",{id:"content",class:"lost","data-state":"not-found",children:[n("h1",{children:u?l.lost.title:l.lost.unsure}),n("p",{children:l.lost.tried}),n("div",{class:"finder-result",children:n(gt,{found:{text:e,result:o.length>0?null:r,failures:o,cards:new Map}})}),n(Qt,{})]})}function Sr({ids:e,missing:t}){let[r,a]=h([]);return _(()=>{U(zn,{ids:[...e]}).then(({data:o})=>a((o?.customers??[]).filter(s=>s!==null)))},[e.join()]),n("main",{id:"content",class:"lost","data-state":"ambiguous",children:[n("h1",{children:l.lost.ambiguous}),n("p",{children:l.lost.ambiguousSo}),t.length>0&&n("p",{class:"note grey",children:l.state.missing(t.join(", "))}),n("ul",{class:"cards",children:r.map(o=>n("li",{children:n("a",{href:pe(o.id),onClick:oe,children:[n("strong",{children:o.name??o.id}),n("span",{children:[o.company?.name,o.address?.city??o.address?.country].filter(Boolean).join(" · ")}),n("span",{children:o.email})]})},o.id))})]})}var Qe=class extends Te{state={broken:!1};static getDerivedStateFromError(){return{broken:!0}}componentDidCatch(t){console.error(t.name)}render(){return this.state.broken?n("p",{class:"unavailable","data-state":"broken",role:"alert",children:l.state.broken}):n(E,{children:this.props.children})}};var Tr={nobody:"无",nav:{label:"页面",customers:"客户",sources:"数据源",tags:"标签",segments:"客群"},chart:{table:"以表格显示",time:"时间",count:"数量",share:"占比",line:(e,t,r)=>`${e}：最近 ${t}，最高 ${r}。`},sources:{title:"数据源",right:"数据源状况仅供网关运维人员查看：调用方须设置 operate = true。",process:(e,t)=>`由进程 ${e} 在 ${t} 统计，其他工作进程各自统计。`,health:{USABLE:"正常查询",PAUSED:"暂停查询",PROBING:"正在试探"},paused:e=>`因持续失败，还要暂停 ${e} 秒`,held:e=>`数据源要求 ${e} 秒内不要查询。`,since:"统计起点",calls:"调用",failed:"失败",p50:"半数耗时不超过",p95:"95% 耗时不超过",recent:e=>`最近五分钟 ${e} 次调用`,none:"最近五分钟没有调用",underWay:"进行中",ofMost:(e,t)=>`${e} / ${t}`,waiting:"等待的键",retries:"重试",openings:"累计暂停",times:e=>`${e} 次`,cache:"由缓存回答",stale:"以旧答案代替",quota:"剩余调用",left:(e,t)=>`现在 ${e}，每秒 ${t}`,quotaLeft:e=>`其自身配额剩余 ${e}`,noQuota:"未设上限",finds:"可查找",perMinute:"每分钟调用",latency:"每分钟耗时",outcomes:"调用结果",code:"代码",ok:"已回答",cancelled:"已放弃",refused:"未调用即拒绝的查询",dropped:"略去的记录",unreadable:"无法读取的值",what:"内容",reason:{missing:"缺失",malformed:"格式不符","out of range":"超出范围"},allReadable:"全部可以读取。",ms:e=>`${e} 毫秒`},tags:{title:"标签",right:"标签的使用与总体分布仅供标签负责人查看：调用方须设置 govern = true。",days:"最近",someDays:e=>`${e} 天`,owner:"负责人",version:"版本",since:"生效起点",review:"复查期限",notNoted:"尚未记录",ttl:"有效期",hours:e=>`${e} 小时`,rule:"规则",thresholds:"阈值",values:"取值",value:"值",noValue:"无值",sample:e=>`随机抽取 ${e} 位客户的取值`,nothingStored:"还没有客户存有此标签。",quality:"完整程度",state:"状态",whole:"完整",partial:"不完整",failed:"失败",usage:e=>`${e} 天内提供给`,caller:"调用方",noName:"无名称",neverAsked:"无人查询过。",readBy:"读取它的客群",starts:"由它触发的动作",history:"规则历史",fingerprint:"规则"},segments:{title:"客群",none:"没有定义客群。",sizes:"成员",segment:"客群",owner:"负责人",condition:"条件",uploaded:"上传的名单",asOf:"统计时间",notCounted:"尚未统计。",spread:"在已计算的客户中",state:"状态",inside:"属于",outside:"不属于",unknown:"无法判断",usage:e=>`${e} 天内查询者`}};var Nr={nobody:"none",nav:{label:"Pages",customers:"Customers",sources:"Sources",tags:"Tags",segments:"Segments"},chart:{table:"As a table",time:"Time",count:"Count",share:"Share",line:(e,t,r)=>`${e}: ${t} last, ${r} at most.`},sources:{title:"Sources",right:"How sources are is for those who operate the gateway: callers with operate = true.",process:(e,t)=>`As the process ${e} knows at ${t}. Other workers count their own calls.`,health:{USABLE:"asked",PAUSED:"left alone",PROBING:"being tried"},paused:e=>`for ${e} s more, as it kept failing`,held:e=>`It has asked to be left alone for ${e} s.`,since:"Counted since",calls:"Calls",failed:"Failed",p50:"Half within",p95:"95 of 100 within",recent:e=>`of ${e} calls in five minutes`,none:"no calls in five minutes",underWay:"Under way",ofMost:(e,t)=>`${e} of ${t}`,waiting:"Keys that wait",retries:"Made again",openings:"Left alone so far",times:e=>`${e} times`,cache:"Answered from the cache",stale:"Older answers stood in",quota:"Calls left",left:(e,t)=>`${e} now, ${t} a second`,quotaLeft:e=>`${e} of its own quota`,noQuota:"no limit is set",finds:"Finds",perMinute:"Calls a minute",latency:"Latency a minute",outcomes:"How calls ended",code:"Code",ok:"answered",cancelled:"given up",refused:"Lookups refused without a call",dropped:"Records left out",unreadable:"Values that could not be read",what:"What",reason:{missing:"missing",malformed:"of another form","out of range":"out of range"},allReadable:"Everything could be read.",ms:e=>`${e} ms`},tags:{title:"Tags",right:"Who uses tags, and what they say on the whole, is for those who govern them: callers with govern = true.",days:"Of the last",someDays:e=>`${e} days`,owner:"Owner",version:"Version",since:"In force since",review:"To be looked at by",notNoted:"not noted yet",ttl:"Fresh for",hours:e=>`${e} h`,rule:"The rule",thresholds:"Thresholds",values:"Values",value:"Value",noValue:"no value",sample:e=>`What ${e} customers have, chosen at random`,nothingStored:"No customer has it stored yet.",quality:"How complete it is",state:"State",whole:"complete",partial:"partial",failed:"failed",usage:e=>`Given to, in ${e} days`,caller:"Caller",noName:"without a name",neverAsked:"Nobody has asked for it.",readBy:"Segments that read it",starts:"Actions that it starts",history:"History of the rule",fingerprint:"Rule"},segments:{title:"Segments",none:"No segments are defined.",sizes:"Members",segment:"Segment",owner:"Owner",condition:"The condition",uploaded:"an uploaded list",asOf:"Counted",notCounted:"Not counted yet.",spread:"Of the customers that were computed",state:"State",inside:"in it",outside:"not in it",unknown:"cannot be told",usage:e=>`Asked for by, in ${e} days`}};var ha={en:Nr,zh:Tr},N=ha[W];function J({title:e,of:t,bars:r}){let a=Math.max(1,...r.map(({value:s,of:i})=>i??s));if(r.length===0)return null;let o=r.some(({of:s})=>s!==void 0);return n("table",{class:"chart bars","data-chart":"bars",children:[n("caption",{children:e}),n("thead",{class:"unseen",children:n("tr",{children:[n("th",{scope:"col",children:t}),n("th",{scope:"col",children:N.chart.count}),o&&n("th",{scope:"col",children:N.chart.share})]})}),n("tbody",{children:r.map(({label:s,value:i,of:u,soft:c})=>n("tr",{children:[n("th",{scope:"row",children:s}),n("td",{class:"drawn",children:[n("svg",{viewBox:"0 0 100 10",preserveAspectRatio:"none","aria-hidden":"true",children:[n("rect",{class:"ground",width:"100",height:"10"}),n("rect",{class:c?"bar-soft":"bar-full",width:100*i/a,height:"10"})]}),n("span",{class:"figure",children:v(i)})]}),o&&n("td",{class:"figure share",children:u?ie(i/u):""})]},s))})]})}var Cr=12;function Ar(e){return(e.commerce.customer?.orders?.nodes.length??0)>0?n(ya,{...e}):null}function ya({id:e,now:t}){let r=_e(()=>Array.from({length:Cr},(u,c)=>new Date(t.getFullYear(),t.getMonth()-Cr+1+c,1)),[t.getFullYear(),t.getMonth()]),a=se(Yn,{id:e,since:r[0].toISOString()}),o=a.customer?.orders??null,s=o!==null&&(o.pageInfo.hasNextPage||o.partial||o.unavailable.length>0),i=r.map((u,c)=>{let p=r[c+1];return(o?.nodes??[]).filter(({placedAt:d})=>{let f=new Date(d);return f>=u&&(p===void 0||f<p)}).length});return n(M,{name:"months",title:l.months.title,region:a,field:"orders",lines:o?.sources,children:[n(le,{sources:o?.unavailable??[],region:a}),o!==null&&n(J,{title:s?l.months.atLeast:l.months.orders,of:l.months.month,bars:r.map((u,c)=>({label:Kn(u),value:i[c]}))})]})}var Rr=3,ba=["CANCELLED","RETURNED"];function Or({commerce:e,now:t}){let r=e.customer?.orders??null,a=r?.nodes[0],o=ot(e.sources,"ORDER");return n(M,{name:"last-order",title:l.orders.title,region:e,field:"orders",lines:r?.sources,aside:a&&n("span",{class:`status ${Kt(a.status)}`,children:l.orders.status[a.status]}),children:[n(le,{sources:r?.unavailable??[],region:e}),!a&&o.length===0&&n(Q,{children:l.state.noSource}),!a&&o.length>0&&r?.unavailable.length===0&&n(Q,{children:l.orders.none(o.join(", "))}),a&&n(xa,{order:a,now:t})]})}function Kt(e){return e==="DELIVERED"?"good":ba.includes(e)?"bad":"open"}function xa({order:e,now:t}){let r=e.items.length-Rr,a=e.refunded!==null&&Number(e.refunded.amount)>0;return n("div",{class:"order",children:[n("p",{class:"order-line",children:[n("span",{title:F(e.placedAt),children:[st(e.placedAt,t)," ",n("span",{class:"soft",children:ge(e.placedAt,t)})]}),e.total!==null&&n("strong",{class:"amount",children:j(e.total)})]}),n("ul",{class:"items","aria-label":l.orders.pieces,children:[e.items.slice(0,Rr).map((o,s)=>n("li",{children:[n("span",{children:o.name??"–"}),String(o.quantity)!=="1"&&n("span",{class:"soft",children:["× ",o.quantity]})]},s)),r>0&&n("li",{class:"soft",children:l.customer.more(r)})]}),a&&n("p",{class:"soft",children:l.orders.refunded(j(e.refunded))}),e.number!==null&&n("p",{class:"soft small",children:l.orders.order(e.number)})]})}function Dr({commerce:e}){let t=e.customer?.orderStatistics??null,r=t?.partial??!1,a=t&&(r?l.state.atLeast(v(t.count)):v(t.count));return n(M,{name:"spend",title:l.spend.title,region:e,field:"orderStatistics",records:["ORDER"],children:t&&n(E,{children:[n("ul",{class:"sums",children:t.total.map(o=>n("li",{class:"amount",children:r?l.state.atLeast(j(o)):j(o)},o.currency))}),t.count===0&&!r?n(Q,{children:l.spend.none}):n("p",{class:"facts soft",children:[n("span",{children:t.count===1&&!r?l.spend.oneOrder:l.spend.orders(a??"")}),t.firstAt!==null&&n("span",{children:l.spend.since(H(t.firstAt))}),t.refunded.filter(o=>Number(o.amount)>0).map(o=>n("span",{children:l.spend.refunded(j(o))},o.currency))]})]})})}function Ir({commerce:e}){let t=e.customer?.subscriptions??null;return!e.loading&&t?.nodes.length===0&&t.unavailable.length===0?null:n(M,{name:"subscriptions",title:l.subscriptions.title,region:e,field:"subscriptions",lines:t?.sources,children:[n(le,{sources:t?.unavailable??[],region:e}),n("ul",{class:"rows",children:t?.nodes.map(r=>n("li",{children:[n("span",{children:[r.plan??l.subscriptions.plan," ",n("span",{class:"soft",children:_a(r)??l.subscriptions.status[r.status]})]}),r.amount!==null&&n("span",{class:"soft",children:[j(r.amount)," ",l.subscriptions.every[r.interval]]})]},r.id))})]})}function _a({renewsAt:e,cancelledAt:t,endsAt:r}){return r!==null?l.subscriptions.ends(H(r)):t!==null?l.subscriptions.cancelled(H(t)):e!==null?l.subscriptions.renews(H(e)):null}function Lr(e,t){let[r,a]=h([]),o=t.join(" ");return _(()=>{if(o==="")return;let s=new L(`query OwnFields($id: ID!) { customer(by: {id: $id}) { id ${o} } }`),i=new AbortController;return U(s,{id:e},i.signal).then(({data:u})=>a(t.flatMap(c=>{let p=Y(u?.customer?.[c]);return p===""?[]:[[fe(I(c)),I(p)]]})),()=>{}),()=>i.abort()},[e,o]),r}function Mr({identity:e}){let{customer:t}=e,r=(t?.origins??[]).flatMap(({field:a,source:o,others:s})=>{let i=Y(va(t,a)),u=s.filter(({value:c})=>Y(c)!==i);return o!==null&&u.length>0&&i!==""?[{field:a,source:o,own:i,other:u}]:[]});return n(M,{name:"records",title:l.records.title,region:e,field:"records",children:[n("ul",{class:"rows",children:t?.records.map(({source:a,sourceId:o})=>n("li",{children:[n("span",{children:a}),n("code",{children:o})]},a+o))}),t?.identity.complete===!1&&n("p",{class:"soft small",children:l.records.incomplete}),r.length>0&&n(E,{children:[n("h3",{children:l.records.differ}),n("dl",{class:"origins",children:r.map(({field:a,source:o,own:s,other:i})=>n("div",{children:[n("dt",{children:fe(I(a))}),n("dd",{children:l.records.says(o,s)}),i.map(u=>n("dd",{class:"soft",children:l.records.says(u.source,Y(u.value))},u.source))]},a))})]})]})}function va(e,t){return e===null?null:e[t]}var Pr=["UNAVAILABLE","STALE","FRESH","NOT_CONFIGURED"];function Fr({regions:e}){let t=ka(e),r=e.some(c=>c.loading),a=t.filter(({state:c})=>c==="UNAVAILABLE"),o=t.filter(({state:c,asOf:p})=>c==="STALE"&&p!==null),s=t.filter(({state:c,droppedRecords:p})=>c==="FRESH"&&p>0),i=[...a,...o],u=t.length-i.length;return n("div",{class:"strip",role:"group","aria-label":l.sources.title,children:[r&&t.length===0&&n("span",{class:"pill",children:l.sources.asking}),a.length>0&&n("span",{class:"pill unavailable",children:[n("i",{class:"dot","aria-hidden":"true"}),$r(a),": ",l.sources.unavailable,n(He,{region:Ur(a,e)})]}),o.length>0&&n("span",{class:"pill stale",children:[n("i",{class:"dot","aria-hidden":"true"}),$r(o),": ",l.state.asOf(q(o.map(({asOf:c})=>c??"").sort()[0])),n(He,{region:Ur(o,e)})]}),s.map(c=>n("span",{class:"pill",children:[c.name,": ",l.sources.dropped(c.droppedRecords)]},c.name)),u>0&&n("span",{class:"pill fresh",title:t.map(({name:c})=>c).join(", "),children:[n("i",{class:"dot","aria-hidden":"true"}),i.length===0?l.sources.allWell(u):l.sources.others(u)]})]})}var wa=3;function $r(e){let t=e.map(({name:r})=>r);return t.length>wa?`${t.slice(0,2).join(", ")} +${t.length-2}`:t.join(", ")}function ka(e){let t=new Map;for(let r of e.flatMap(a=>a.sources)){if(r.name===null||r.state==="NOT_CONFIGURED")continue;let a=t.get(r.name);(!a||Pr.indexOf(r.state)<Pr.indexOf(a.state))&&t.set(r.name,r)}return[...t.values()]}function Ur(e,t){let r=e.map(({name:o})=>o),a=t.filter(({sources:o})=>o.some(({name:s,state:i})=>r.includes(s)&&(i==="UNAVAILABLE"||i==="STALE")));return{...t[0],asking:a.some(({asking:o})=>o),ask:()=>a.forEach(({ask:o})=>o())}}var zt=2,Wr=["URGENT","HIGH","NORMAL","LOW","UNKNOWN"];function Br({service:e,now:t}){let[r,a]=h(!1),o=e.customer?.open??null,s=[...o?.nodes??[]].sort((f,g)=>Wr.indexOf(f.priority)-Wr.indexOf(g.priority)||g.createdAt.localeCompare(f.createdAt)),i=o===null||o.unavailable.length>0||o.partial?null:o.totalCount,u=i!==null?String(i):s.length>0?l.state.atLeast(String(s.length)):"",c=e.customer?.all?.totalCount??null,p=rt(e.failures,"subject"),d=ot(e.sources,"TICKET");return n(M,{name:"tickets",title:l.tickets.title,region:e,field:"open",lines:o?.sources,aside:s.length>0&&n("span",{class:"count",children:u}),children:[n(le,{sources:o?.unavailable??[],region:e}),s.length===0&&d.length===0&&n(Q,{children:l.state.noSource}),s.length===0&&d.length>0&&o?.unavailable.length===0&&n(Q,{children:[l.tickets.none(d.join(", "))," ",c!==null&&c>0&&n("span",{class:"soft",children:l.tickets.ever(c)})]}),n("ul",{class:s.length===1?"tickets single":"tickets",children:(r?s:s.slice(0,zt)).map(f=>n("li",{children:n(Ea,{ticket:f,now:t,hidden:p})},f.id))}),s.length===1&&c!==null&&c>1&&n("p",{class:"soft small",children:l.tickets.ever(c)}),s.length>zt&&n("button",{type:"button",class:"quiet","aria-expanded":r,onClick:()=>a(!r),children:r?l.customer.less:l.customer.more(s.length-zt)})]})}function Ea({ticket:e,now:t,hidden:r}){let a=e.messages.at(-1),o=l.tickets.priority[e.priority];return n("article",{class:"ticket",children:[n("h3",{children:e.subject??(r?n(ee,{}):l.tickets.noSubject)}),n("p",{class:"facts soft",children:[o&&n("span",{class:`priority ${e.priority.toLowerCase()}`,children:o}),n("span",{children:l.tickets.status[e.status]}),n("span",{title:F(e.createdAt),children:l.tickets.opened(ge(e.createdAt,t))})]}),a?.body&&n("p",{class:"last-message",children:[n("b",{children:[l.tickets.author[a.author],":"]})," ",a.body]})]})}function K(e){switch(e.__typename){case"Order":return e.placedAt;case"Ticket":case"Deal":return e.createdAt;case"Subscription":return e.startedAt;case"Event":case"Survey":return e.at}}var Sa={Order:"order",Ticket:"ticket",Event:"event",Deal:"deal",Subscription:"subscription",Survey:"survey"};function Vr({entry:e,hidden:t}){let r=Z().get("open")===e.id,a=Na(e),o=n(E,{children:[n(X,{name:Sa[e.__typename]}),n("span",{class:"entry-words",children:Qr(e,t)}),n("time",{dateTime:K(e),title:F(K(e)),children:q(K(e))})]});return n("li",{class:`entry ${e.__typename.toLowerCase()}`,children:[a===null?n("div",{class:"entry-head",children:o}):n("button",{type:"button",class:"entry-head","aria-expanded":r,onClick:()=>ae({open:r?"":e.id}),children:o}),r&&n("div",{class:"entry-details",children:a})]})}function Hr({events:e}){let t=e[0].id,r=Z().get("open")===t,a=new Map;for(let s of e)s.__typename==="Event"&&a.set(s.type,(a.get(s.type)??0)+1);let o=[...a].map(([s,i])=>i>1?`${I(s)} × ${i}`:I(s));return n("li",{class:"entry event",children:[n("button",{type:"button",class:"entry-head","aria-expanded":r,onClick:()=>ae({open:r?"":t}),children:[n(X,{name:"event"}),n("span",{class:"entry-words",children:[l.timeline.events(e.length)," ",n("span",{class:"soft",children:o.join(", ")})]}),n("time",{dateTime:K(e[0]),children:q(K(e[0]))})]}),r&&n("ol",{class:"entry-details",children:e.map(s=>n("li",{class:"entry-event",children:[n("span",{children:Qr(s)}),n("time",{dateTime:K(s),children:q(K(s))})]},s.id))})]})}function Qr(e,t=!1){switch(e.__typename){case"Order":return n(E,{children:[n("b",{children:e.number===null?l.timeline.only.ORDER:l.orders.order(e.number)})," ",e.total!==null&&j(e.total)," ",n("span",{class:`status ${Kt(e.orderStatus)}`,children:l.orders.status[e.orderStatus]})]});case"Ticket":return n(E,{children:[n("b",{children:e.subject??(t?n(ee,{}):l.tickets.noSubject)})," ",n("span",{class:Ta(e)?"status bad":"status",children:l.tickets.status[e.ticketStatus]})]});case"Event":return n(E,{children:[fe(I(e.type))," ",n("span",{class:"soft",children:e.page??e.feature})]});case"Deal":return n(E,{children:[n("b",{children:e.name??l.timeline.deal})," ",e.amount!==null&&j(e.amount)," ",n("span",{class:"soft",children:e.stageName??l.timeline.stage[e.stage]})]});case"Subscription":return n(E,{children:[n("b",{children:e.plan??l.subscriptions.plan})," ",e.amount!==null&&j(e.amount)," ",n("span",{class:"soft",children:l.subscriptions.status[e.subscriptionStatus]})]});case"Survey":return n(E,{children:[n("b",{children:l.timeline.survey[e.surveyKind]})," ",e.score!==null&&(e.scale===null?e.score:l.timeline.outOf(String(e.score),String(e.scale)))]})}}var Ta=({ticketStatus:e})=>!["SOLVED","CLOSED","UNKNOWN"].includes(e);function Na(e){switch(e.__typename){case"Order":return e.items.length===0?null:n("ul",{class:"rows",children:e.items.map((t,r)=>n("li",{children:[n("span",{children:[t.name??"–"," ",String(t.quantity)!=="1"&&n("span",{class:"soft",children:["× ",t.quantity]})]}),t.unitPrice!==null&&n("span",{class:"amount",children:j(t.unitPrice)})]},r))});case"Ticket":return e.messages.length===0?null:n("ol",{class:"messages",children:e.messages.map((t,r)=>n("li",{class:`message ${t.author.toLowerCase()}`,children:[n("p",{class:"soft small",children:[l.tickets.author[t.author]," ",t.at!==null&&n("time",{dateTime:t.at,children:F(t.at)})]}),n("p",{children:t.body})]},r))});case"Survey":return e.comment===null?null:n("p",{children:e.comment});default:return null}}var Gr=Object.keys(l.timeline.only);function Gt(){let e=(Z().get("only")??"").split(",").filter(t=>Gr.includes(t));return e.length>0?e:null}function qr({id:e,behaviour:t,now:r}){let a=Gt(),o=t.customer?.timeline??null,[s,i]=h(null),[u,c]=h(!1);_(()=>i(null),[o]);let p=[...o?.nodes??[],...s?.nodes??[]],d=s!==null?s.next:zr(o),f=rt(t.failures,"subject"),g=async()=>{c(!0);let{data:m}=await U(Re,{id:e,records:a,after:d});c(!1);let y=m?.customer?.timeline??null;y!==null&&i({nodes:[...s?.nodes??[],...y.nodes],next:zr(y)})};return n(M,{name:"timeline",title:l.timeline.title,region:t,field:"timeline",lines:o?.sources,top:n(Ca,{kinds:a}),children:[n(le,{sources:o?.unavailable??[],region:t}),p.length===0&&o?.unavailable.length===0&&n(Q,{children:l.timeline.none}),Ra(p).map(([m,y])=>n("section",{class:"day","aria-label":Wt(K(y[0])),children:[n("h3",{title:Wt(K(y[0])),children:Da(y[0],r)}),n("ol",{children:Oa(y).map(x=>x.length>1?n(Hr,{events:x},x[0].id):n(Vr,{entry:x[0],hidden:f},x[0].id))})]},m)),d!==null&&n("button",{type:"button",class:"more",disabled:u,onClick:g,children:u?l.state.asking:l.timeline.more}),d===null&&p.length>0&&o?.unavailable.length===0&&!o.partial&&n("p",{class:"end soft small",children:l.timeline.end})]})}function Ca({kinds:e}){return n("div",{class:"filters",role:"group","aria-label":l.timeline.title,children:[n(Kr,{on:e===null,name:l.timeline.all,onClick:()=>ae({only:""})}),Gr.map(t=>n(Kr,{on:e?.includes(t)??!1,name:l.timeline.only[t],onClick:()=>ae({only:Aa(e??[],t).join(",")})},t))]})}function Kr({on:e,name:t,onClick:r}){return n("button",{type:"button",class:"filter","aria-pressed":e,onClick:r,children:t})}function Aa(e,t){return e.includes(t)?e.filter(r=>r!==t):[...e,t]}function zr(e){return e?.pageInfo.hasNextPage?e.pageInfo.endCursor:null}function Ra(e){let t=new Map;for(let r of e){let a=new Date(K(r)).toDateString();t.set(a,[...t.get(a)??[],r])}return[...t]}function Oa(e){let t=[];for(let r of e){let a=t.at(-1);r.__typename==="Event"&&a?.[0]?.__typename==="Event"?a.push(r):t.push([r])}return t}function Da(e,t){let r=new Date(K(e)),a=new Date(t.getTime()-864e5);return r.toDateString()===t.toDateString()?l.timeline.today:r.toDateString()===a.toDateString()?l.timeline.yesterday:st(K(e),t)}function Yr(e){let[t,r]=h(()=>matchMedia(e).matches);return _(()=>{let a=matchMedia(e),o=()=>r(a.matches);return a.addEventListener("change",o),()=>a.removeEventListener("change",o)},[e]),t}var Ke=["timeline","contact","tags"];function ht({id:e,viewer:t,looking:r}){let a=_e(()=>vr(r.layout),[r]),o=se(ut,{id:e}),s=se(ct,{id:e}),i=se(dt,{id:e}),u=se(it,{id:e}),c=se(Re,{id:e,records:Gt(),after:null}),p=se(mt,{id:e,language:W}),d=Lr(e,a.fields),f=Yr("(max-width: 760px)"),[g,m]=h("timeline"),y=_e(at,[r,o.customer]),x=o.customer?.id??null;if(_(()=>{x!==null&&rr(t,x)},[x,t]),!o.loading&&o.customer===null)return n(Er,{id:e,viewer:t,identity:o});let S={tickets:n(Br,{service:i,now:y}),"last-order":n(Or,{commerce:u,now:y}),spend:n(Dr,{commerce:u}),timeline:n(qr,{id:e,behaviour:c,now:y}),contacts:n(cr,{identity:o}),address:n(dr,{identity:o}),account:n(pr,{identity:o}),profile:n(mr,{identity:o,completeness:s,own:d}),records:n(Mr,{identity:o}),subscriptions:n(Ir,{commerce:u}),tags:n(xr,{id:e,tags:p}),expected:n(fr,{tags:p,commerce:u,now:y}),months:n(Ar,{id:e,commerce:u,now:y})},w=(k,R)=>n("div",{class:`column ${k}`,...f&&R?{id:`panel-${R}`,role:"tabpanel","aria-labelledby":`tab-${R}`,hidden:g!==R}:{},children:wr(k,a).map(O=>n(Qe,{children:S[O]},O))});return n("main",{id:"content",class:"customer",children:[r.pinnedClock!==null&&n("p",{class:"banner",children:l.customer.pinned(F(r.pinnedClock))}),n(Qe,{children:n(_r,{identity:o,tags:p,chosen:a.tags,now:y})}),n(Fr,{regions:[o,i,u,c,p]}),n("div",{class:"columns",children:[w("right"),f&&n(Ia,{tab:g,onTab:m}),w("middle","timeline"),w("left","contact"),w("below","tags")]}),n("footer",{class:"foot",children:[n("p",{children:l.customer.zone(Qn)}),n(gr,{id:e})]})]})}function Ia({tab:e,onTab:t}){let r={timeline:l.timeline.title,contact:l.contacts.title,tags:l.tags.title};return n("div",{class:"tabs",role:"tablist",onKeyDown:o=>{let s=o.key==="ArrowRight"?1:o.key==="ArrowLeft"?-1:0;if(s===0)return;let i=Ke[(Ke.indexOf(e)+s+Ke.length)%Ke.length];t(i),document.getElementById(`tab-${i}`)?.focus()},children:Ke.map(o=>n("button",{id:`tab-${o}`,type:"button",role:"tab","aria-selected":e===o,"aria-controls":`panel-${o}`,tabIndex:e===o?0:-1,onClick:()=>t(o),children:r[o]},o))})}function he(e,t){let[r,a]=h(null),[o,s]=h(!0),i=G(null),u=JSON.stringify(t),c=ve(async()=>{i.current?.abort();let p=new AbortController;i.current=p,s(!0);try{let{data:d,failures:f}=await U(e,t,p.signal);a({data:d,failures:f}),s(!1)}catch(d){if(!p.signal.aborted)throw d}},[e,u]);return _(()=>(c(),()=>i.current?.abort()),[c]),{loading:r===null,asking:o,data:r?.data??null,failures:r?.failures??[],ask:c}}function De({title:e,of:t,parts:r}){let a=r.reduce((s,{value:i})=>s+i,0);if(a===0)return null;let o=0;return n("figure",{class:"chart shares","data-chart":"shares",children:[n("figcaption",{children:e}),n("svg",{viewBox:"0 0 100 10",preserveAspectRatio:"none","aria-hidden":"true",children:r.map(({label:s,value:i,tone:u})=>{let c=o;return o+=100*i/a,i>0&&n("rect",{class:`tone-${u}`,x:c,width:100*i/a,height:"10"},s)})}),n("table",{"aria-label":e,children:[n("thead",{class:"unseen",children:n("tr",{children:[n("th",{scope:"col",children:t}),n("th",{scope:"col",children:N.chart.count}),n("th",{scope:"col",children:N.chart.share})]})}),n("tbody",{children:r.map(({label:s,value:i,tone:u})=>n("tr",{children:[n("th",{scope:"row",children:[n("svg",{class:"swatch",viewBox:"0 0 10 10","aria-hidden":"true",children:n("rect",{class:`tone-${u}`,width:"10",height:"10"})}),s]}),n("td",{class:"figure",children:v(i)}),n("td",{class:"figure share",children:ie(i/a)})]},s))})]})]})}function Ie({name:e,title:t,report:r,aside:a,children:o}){return n("main",{id:"content",class:`report report-${e}`,"aria-busy":r.asking,children:[n("header",{class:"report-head",children:[n("h1",{children:t}),n("span",{class:"grow"}),a,n("button",{type:"button",class:"again",disabled:r.asking,onClick:r.ask,children:r.asking?l.state.asking:l.state.askAgain})]}),r.loading?n(ke,{}):o]})}function Le({failures:e,right:t}){let r=e[0],a=r?.code??"UNKNOWN",o=a==="FORBIDDEN"?t:a==="OFFLINE"?l.failure.offline:l.failure.other(a);return n("p",{class:"note grey",role:"status","data-state":a==="FORBIDDEN"?"withheld":"unavailable",children:[o,a==="INVALID_ARGUMENT"&&` ${r?.message??""}`]})}function Me({facts:e}){return n("dl",{class:"figures",children:e.map(([t,r])=>n("div",{children:[n("dt",{children:t}),n("dd",{children:r})]},t))})}var qt=e=>e.length===0?N.nobody:e.join(", ");var C=N.tags;function jr({tag:e,figures:t,days:r}){return n("section",{class:"box report-card","data-tag":e.key,"aria-labelledby":`tag-${e.key}`,children:[n("header",{children:[n("h2",{id:`tag-${e.key}`,children:e.label}),n("span",{class:"soft",children:e.key}),n("span",{class:"soft",children:l.tags.category[e.category]})]}),n("p",{children:e.description}),n("p",{class:"words",children:e.words}),n(Me,{facts:[[C.owner,e.owner],[C.version,v(e.version)],[C.since,t===null||t.changedAt===null?C.notNoted:H(t.changedAt)],...e.review===null?[]:[[C.review,H(e.review)]],[C.ttl,C.hours(v(e.ttlSeconds/3600))],...e.thresholds.length===0?[]:[[C.thresholds,e.thresholds.map(({name:a,value:o})=>`${a} = ${Y(o)}`).join(", ")]],...t===null?[]:[[C.readBy,qt(t.segments)],[C.starts,qt(t.actions)]]]}),t!==null&&n(La,{tag:e,figures:t,days:r}),n("details",{children:[n("summary",{children:[C.rule,n("span",{class:"unseen",children:[": ",e.label]})]}),n("pre",{tabIndex:0,children:e.expression})]})]})}function La({tag:e,figures:t,days:r}){let{sampled:a,given:o,partial:s,failed:i}=t;return n(E,{children:[n("div",{class:"charts",children:[n(J,{title:C.sample(v(a)),of:C.value,bars:a===0?[]:Ma(e,t)}),n(De,{title:C.quality,of:C.state,parts:[{label:C.whole,value:Math.max(0,o-s),tone:"good"},{label:C.partial,value:s,tone:"warn"},{label:C.failed,value:i,tone:"bad"},{label:C.noValue,value:Math.max(0,a-Math.max(o,s)-i),tone:"soft"}]}),n(Yt,{title:C.usage(v(r)),figures:t})]}),a===0&&n("p",{class:"none",children:C.nothingStored}),t.asked===0&&n("p",{class:"none",children:C.neverAsked}),t.history.length>0&&n(Pa,{figures:t})]})}function Yt({title:e,figures:t}){let r=t.callers.map(({caller:a,asked:o})=>({label:a||C.noName,value:o}));return n(J,{title:e,of:C.caller,bars:r})}function Ma(e,{sampled:t,given:r,values:a}){let o=new Map(e.valueLabels.map(({value:i,label:u})=>[i,u]));return[...a.map(({value:i,count:u})=>({label:o.get(i)??I(i),value:u,of:t})),{label:C.noValue,value:t-r,of:t,soft:!0}]}function Pa({figures:e}){return n("details",{children:[n("summary",{children:C.history}),n("table",{class:"history",children:[n("thead",{children:n("tr",{children:[n("th",{scope:"col",children:C.since}),n("th",{scope:"col",children:C.version}),n("th",{scope:"col",children:C.fingerprint})]})}),n("tbody",{children:e.history.map(({at:t,version:r,fingerprint:a})=>n("tr",{children:[n("th",{scope:"row",children:F(t)}),n("td",{children:r===null?C.notNoted:v(r)}),n("td",{children:n("code",{children:a})})]},t))})]})]})}var $a=[7,30,90,365];function Xr(){let[e,t]=h(30),r=he(Jn,{language:W}),a=he(pt,{days:e}),o=a.data?.tagReport??null,s={...r,asking:r.asking||a.asking,ask:()=>{r.ask(),a.ask()}};return n(Ie,{name:"tags",title:N.tags.title,report:s,aside:n(jt,{days:e,onChange:t}),children:[!a.loading&&o===null&&n(Le,{failures:a.failures,right:N.tags.right}),(r.data?.tagDefinitions??[]).map(i=>n(jr,{tag:i,figures:o?.find(({key:u})=>u===i.key)??null,days:e},i.key))]})}function jt({days:e,onChange:t}){return n("label",{class:"span",children:[N.tags.days," ",n("select",{class:"quiet",value:String(e),onChange:r=>t(Number(r.currentTarget.value)),children:$a.map(r=>n("option",{value:String(r),children:N.tags.someDays(v(r))},r))})]})}var B=N.segments;function Jr(){let[e,t]=h(30),r=he(jn,{language:W}),a=he(pt,{days:e}),o=r.data?.segments??null,s=(o??[]).filter(({count:c})=>c!==null),i=new Map((a.data?.tagReport??[]).map(c=>[c.key,c])),u={...r,asking:r.asking||a.asking,ask:()=>{r.ask(),a.ask()}};return n(Ie,{name:"segments",title:B.title,report:u,aside:n(jt,{days:e,onChange:t}),children:[o===null&&n(Le,{failures:r.failures,right:N.tags.right}),o?.length===0&&n("p",{class:"note",children:B.none}),s.length>1&&n("section",{class:"box report-card",children:n(J,{title:B.sizes,of:B.segment,bars:s.map(({label:c,count:p,known:d})=>({label:c,value:p??0,...d?{of:d}:{}}))})}),(o??[]).map(c=>n(Ua,{segment:c,usage:i.get(`segment:${c.key}`)??null,days:e},c.key))]})}function Ua({segment:e,usage:t,days:r}){let{count:a,known:o,unknown:s}=e;return n("section",{class:"box report-card","data-segment":e.key,"aria-labelledby":`segment-${e.key}`,children:[n("header",{children:[n("h2",{id:`segment-${e.key}`,children:e.label}),n("span",{class:"soft",children:e.key})]}),n("p",{children:e.description}),n("p",{class:"words",children:e.words}),n(Me,{facts:[[B.owner,e.owner],[B.sizes,a===null?B.notCounted:v(a)],[B.asOf,e.asOf===null?B.notCounted:F(e.asOf)]]}),n("div",{class:"charts",children:[a!==null&&o!==null&&e.condition!==null&&n(De,{title:B.spread,of:B.state,parts:[{label:B.inside,value:a,tone:"plain"},{label:B.outside,value:Math.max(0,o-a),tone:"soft"},{label:B.unknown,value:s??0,tone:"warn"}]}),t!==null&&n(Yt,{title:B.usage(v(r)),figures:t})]}),e.condition===null?n("p",{class:"soft",children:B.uploaded}):n("details",{children:[n("summary",{children:[B.condition,n("span",{class:"unseen",children:[": ",e.label]})]}),n("pre",{tabIndex:0,children:e.condition})]})]})}function Xt({title:e,times:t,lines:r,format:a}){let o=r.flatMap(({values:c})=>c.filter(p=>p!==null));if(t.length<2||o.length===0)return null;let s=Math.max(...o)||1,i=r.map(({label:c,values:p})=>N.chart.line(c,...Fa(p,a))).join(" "),u=t.map((c,p)=>p).filter(c=>r.some(({values:p})=>p[c]));return n("figure",{class:"chart lines","data-chart":"lines",children:[n("figcaption",{children:e}),n("div",{class:"plot",children:[n("span",{class:"most","aria-hidden":"true",children:a(s)}),n("svg",{viewBox:"0 0 100 40",preserveAspectRatio:"none",role:"img","aria-label":`${e}. ${i}`,children:[n("path",{class:"grid",d:"M0 0.5H100M0 20H100M0 39.5H100"}),r.map(({label:c,tone:p,values:d})=>n("path",{class:`line-${p}`,d:Wa(d,s)},c))]}),n("span",{class:"from","aria-hidden":"true",children:q(t[0])}),n("span",{class:"to","aria-hidden":"true",children:q(t.at(-1))})]}),n("p",{class:"legend","aria-hidden":"true",children:r.map(({label:c,tone:p})=>n("span",{class:`key-${p}`,children:c},c))}),n("details",{children:[n("summary",{children:[N.chart.table,n("span",{class:"unseen",children:[": ",e]})]}),n("table",{children:[n("thead",{children:n("tr",{children:[n("th",{scope:"col",children:N.chart.time}),r.map(({label:c})=>n("th",{scope:"col",children:c},c))]})}),n("tbody",{children:u.map(c=>n("tr",{children:[n("th",{scope:"row",children:q(t[c])}),r.map(({label:p,values:d})=>n("td",{class:"figure",children:d[c]===null?"":a(d[c])},p))]},c))})]})]})]})}var Zr=.8;function Fa(e,t){let r=e.filter(a=>a!==null);return[t(r.at(-1)??0),t(Math.max(0,...r))]}function Wa(e,t){let r=100/(e.length-1),a="";return e.forEach((o,s)=>{if(o===null)return;let i=s*r,u=(39.5-39*o/t).toFixed(2),c=s>0&&e[s-1]!==null;a+=c?`L${i.toFixed(2)} ${u}`:`M${Math.max(0,i-Zr).toFixed(2)} ${u}h${Zr}`}),a}function eo(e,t){let r=e[0];if(r===void 0)return[];let a=Math.max(9,Math.floor((Date.parse(t)-Date.parse(r.at))/6e4)),o=Math.floor(Date.parse(t)/6e4-a)*6e4,s=Math.min(61,a+1),i=Array.from({length:s},(u,c)=>({at:new Date(o+c*6e4).toISOString(),calls:0,failed:0,p50:null,p95:null}));for(let{at:u,calls:c,failed:p,latencyP50Ms:d,latencyP95Ms:f}of e){let g=i[Math.round((Date.parse(u)-o)/6e4)];g!==void 0&&Object.assign(g,{calls:c,failed:p,p50:d,p95:f})}return i}var b=N.sources,Jt=e=>b.ms(v(e<10?e:Math.round(e)));function to({counts:e,now:t}){let{source:r}=e,a=eo(e.minutes,t),o=a.map(({at:s})=>s);return n("section",{class:"box report-card","data-source":r.name,"aria-labelledby":`source-${r.name}`,children:[n("header",{children:[n("h2",{id:`source-${r.name}`,children:r.name}),n("span",{class:"soft",children:r.kind}),n("span",{class:`health health-${r.health.toLowerCase()}`,"data-state":r.health,children:[b.health[r.health],e.pausedSeconds!==null&&` ${b.paused(v(Math.ceil(e.pausedSeconds)))}`]})]}),e.heldSeconds>0&&n("p",{class:"note grey",children:b.held(v(Math.ceil(e.heldSeconds)))}),n(Me,{facts:Va(e)}),n("div",{class:"charts",children:[n(Xt,{title:b.perMinute,times:o,format:v,lines:[{label:b.calls,tone:"plain",values:a.map(({calls:s})=>s)},{label:b.failed,tone:"bad",values:a.map(({failed:s})=>s)}]}),n(Xt,{title:b.latency,times:o,format:Jt,lines:[{label:b.p50,tone:"plain",values:a.map(({p50:s})=>s)},{label:b.p95,tone:"bad",values:a.map(({p95:s})=>s)}]}),n(De,{title:b.outcomes,of:b.code,parts:e.outcomes.map(Ba)}),n(J,{title:b.refused,of:b.code,bars:e.refusedLookups.map(({code:s,count:i})=>({label:Ee(s),value:i}))}),n(J,{title:b.dropped,of:b.what,bars:e.droppedRecords.map(({record:s,reason:i,count:u})=>({label:`${I(s)}: ${b.reason[i]??i}`,value:u}))}),n(J,{title:b.unreadable,of:b.what,bars:e.unreadableValues.map(({record:s,path:i,reason:u,count:c})=>({label:`${I(s)} ${i??""}: ${b.reason[u]??u}`,value:c}))})]}),e.droppedRecords.length+e.unreadableValues.length===0&&n("p",{class:"none",children:b.allReadable})]})}function Ba({code:e,count:t}){return e==="OK"?{label:b.ok,value:t,tone:"good"}:e==="CANCELLED"?{label:b.cancelled,value:t,tone:"soft"}:{label:`${Ee(e)} (${e})`,value:t,tone:e==="SOURCE_TIMEOUT"?"warn":"bad"}}function Va(e){let{calls:t,failed:r,latencyP50Ms:a,latencyP95Ms:o,cacheHits:s,cacheMisses:i}=e,u=s+i;return[[b.since,F(e.since)],[b.calls,v(t)],[b.failed,t===0?v(0):`${v(r)} (${ie(r/t)})`],[b.p50,a===null?b.none:Jt(a)],[b.p95,o===null?b.none:`${Jt(o)} ${b.recent(v(e.recentCalls))}`],[b.underWay,b.ofMost(v(e.callsUnderWay),v(e.maxCalls))],[b.waiting,v(e.waitingKeys)],[b.retries,v(e.retries)],[b.openings,b.times(v(e.breakerOpenings))],[b.cache,u===0?v(0):`${v(s)} (${ie(s/u)})`],[b.stale,v(e.staleAnswers)],[b.quota,Ha(e)],[b.finds,[...new Set(e.source.lookups.map(({record:c})=>I(c)))].join(", ")]]}function Ha({callsLeft:e,callsPerSecond:t,quotaLeft:r}){return r!==null?b.quotaLeft(v(r)):t===null?b.noQuota:b.left(v(e??0),v(t))}function no(){let e=he(Xn,{}),t=e.data?.sourceActivity??null;return n(Ie,{name:"sources",title:N.sources.title,report:e,children:t===null?n(Le,{failures:e.failures,right:N.sources.right}):n(E,{children:[n("p",{class:"note",children:N.sources.process(t.process,F(t.at))}),t.sources.map(r=>n(to,{counts:r,now:t.at},r.source.name))]})})}var ro={segments:Jr,sources:no,tags:Xr};var oo=/[\p{L}\p{N}]+/gu;function ao(e){return e.normalize("NFKD").replace(/\p{M}/gu,"").toLowerCase()}function Zt(e,t){let r=ao(t).match(oo)??[],a=[],o=0;for(let s of e.matchAll(oo)){let i=Qa(s[0],r);i!==0&&(s.index>o&&a.push({text:e.slice(o,s.index),marked:!1}),o=s.index+i,a.push({text:e.slice(s.index,o),marked:!0}))}return o<e.length&&a.push({text:e.slice(o),marked:!1}),a}function so(e,t){let r=t.replace(/\D/g,"").replace(/^0+/,""),a=e.replace(/\D/g,"");if(r.length<4||!a.endsWith(r))return[{text:e,marked:!1}];let o=e.length-r.length;return[{text:e.slice(0,o),marked:!1},{text:e.slice(o),marked:!0}].filter(s=>s.text!=="")}function Qa(e,t){let r=ao(e),a=0;for(let o of t)r.startsWith(o)?a=Math.max(a,r.length===e.length?o.length:e.length):(o.length>3&&Ka(r,o)<=(o.length>7?2:1)||/\p{Script=Han}/u.test(o)&&o.includes(r))&&(a=e.length);return a}function Ka(e,t){let r=[],a=Array.from({length:t.length+1},(o,s)=>s);for(let o=1;o<=e.length;o+=1){let s=[o];for(let i=1;i<=t.length;i+=1){let u=e[o-1]===t[i-1],c=Math.min(a[i]+1,s[i-1]+1,a[i-1]+(u?0:1));o>1&&i>1&&e[o-1]===t[i-2]&&e[o-2]===t[i-1]&&(c=Math.min(c,r[i-2]+1)),s.push(c)}[r,a]=[a,s]}return a[t.length]}var za=new Set(["NAME","EMAIL","COMPANY"]);function uo({match:e,typed:t,card:r}){let{customer:a,matchedBy:o,exact:s}=e,i=o==="PHONE"?a.phone:o==="MEMBER_NUMBER"?a.memberNumber:a.email,u=[a.company?.name,a.address?.city??a.address?.country].filter(Boolean),c=o==="PHONE"?so:Zt;return n("div",{class:"candidate",children:[n("div",{class:"candidate-who",children:[n("strong",{children:n(lo,{parts:za.has(o)?Zt(a.name??a.id,t):qa(a.name??a.id)})}),n("span",{class:"candidate-where",children:u.join(" · ")})]}),n("div",{class:"candidate-what",children:[n("span",{class:"candidate-contact",children:i&&n(lo,{parts:c(i,t)})}),n("span",{class:"candidate-lately",children:r&&n(Ga,{card:r})})]}),n("span",{class:s?"match exact":"match",children:[l.search.by[o]," · ",s?l.search.exact:l.search.similar]})]})}function Ga({card:e}){let t=io(e.tickets)?e.tickets.totalCount:null,r=io(e.orders)?e.orders.nodes[0]:null;return n(E,{children:[t!=null&&t>0&&n("em",{class:"alert",children:l.search.openTickets(t)}),t===0&&n("span",{children:l.search.noOpenTickets}),t===null&&n("span",{children:l.search.ticketsUnknown}),r&&n("span",{children:l.search.lastOrder(ge(r.placedAt,at()))}),r===null&&n("span",{children:l.search.ordersUnknown})]})}function io(e){return e!==null&&e.unavailable.length===0&&!e.partial}var qa=e=>[{text:e,marked:!1}];function lo({parts:e}){return n(E,{children:e.map((t,r)=>t.marked?n("mark",{children:t.text},r):t.text)})}function yt({form:e,initial:t="",opensExact:r=!1,onTyped:a}){let[o,s]=h(t),[i,u]=h(0),[c,p]=h(e==="page"),d=G(null),f=En(),{found:g,busy:m,findNow:y}=kr(o),x=g?.result?.matches??[],S=G(r),w=G(!1);_(()=>u(0),[g?.text]),_(()=>{e==="page"&&d.current?.focus()},[e]),_(()=>{if(S.current&&g?.result){S.current=!1;let T=ft(g.result);T!==null&&re(pe(T),!0)}w.current&&g?.text===o.trim()&&(w.current=!1,g.result?.matches.length===1&&R(0))},[g]),_(()=>{if(e!=="bar")return;let T=D=>{let Se=D.target;D.key==="/"&&!/^(INPUT|TEXTAREA|SELECT)$/.test(Se.tagName)&&(D.preventDefault(),d.current?.focus())};return addEventListener("keydown",T),()=>removeEventListener("keydown",T)},[e]);let k=T=>{S.current=!1,s(T),p(!0),a?.(T)},R=T=>{let D=x[T];D&&(e==="bar"&&(k(""),p(!1),d.current?.blur()),re(pe(D.customer.id)))},O=T=>{if(!T.isComposing)if(T.key==="ArrowDown"||T.key==="ArrowUp"){T.preventDefault();let D=T.key==="ArrowDown"?1:-1;x.length>0&&u((i+D+x.length)%x.length)}else T.key==="Enter"?(T.preventDefault(),g?.text===o.trim()&&!m?R(i):(w.current=!0,y())):T.key==="Escape"&&(k(""),p(e==="page"))},te=c&&o.trim()!=="",Ge=({currentTarget:T,relatedTarget:D})=>{e==="bar"&&!T.contains(D)&&p(!1)};return n("div",{class:`finder finder-${e}`,role:"search",onFocusOut:Ge,children:[n("div",{class:"finder-box",children:[n(Ya,{}),n("input",{ref:d,type:"text",inputMode:"search",enterKeyHint:"search",role:"combobox","aria-label":l.search.label,"aria-expanded":te&&x.length>0,"aria-controls":f,"aria-autocomplete":"list","aria-activedescendant":te&&x.length>0?`${f}-${i}`:void 0,autocomplete:"off",autocapitalize:"off",spellcheck:!1,placeholder:e==="bar"?l.search.label:l.search.placeholder,value:o,onInput:T=>k(T.currentTarget.value),onKeyDown:O,onFocus:()=>p(!0)}),n("span",{class:m?"spinner":"spinner idle","aria-hidden":"true"}),e==="bar"&&n("kbd",{"aria-hidden":"true",children:"/"})]}),n("p",{class:"unseen",role:"status",children:m?l.search.busy:te&&x.length>0?l.search.found(x.length):""}),n("div",{class:"finder-result",hidden:!te,children:[n("ul",{id:f,role:"listbox","aria-label":l.search.label,hidden:x.length===0,children:x.map((T,D)=>n("li",{id:`${f}-${D}`,role:"option","aria-selected":D===i,onMouseDown:Se=>Se.preventDefault(),onMouseMove:()=>u(D),onClick:()=>R(D),children:n(uo,{match:T,typed:g?.text??"",card:g?.cards.get(T.customer.id)})},T.customer.id))}),te&&g?.text===o.trim()&&n(gt,{found:g})]})]})}function Ya(){return n("svg",{class:"icon",viewBox:"0 0 20 20","aria-hidden":"true",children:[n("circle",{cx:"9",cy:"9",r:"5.5"}),n("path",{d:"m13.2 13.2 4 4"})]})}var ja=["phone","email","order","ticket","text"];function co(){let e=Z(),t=ja.find(o=>e.get(o));if(!t)return null;let r=e.get(t),a=t==="phone"?r.replace(/^ (?=\d)/,"+"):t==="email"?r.trim().replaceAll(" ","+"):r;return re("/",!0),a}function po({viewer:e}){let[t,r]=h(co),[a,o]=h(0),[s,i]=h(t??"");return _(()=>{let u=()=>{let c=co();c!==null&&(r(c),o(p=>p+1),i(c))};return addEventListener("hashchange",u),()=>removeEventListener("hashchange",u)},[]),n("main",{id:"content",class:"search-page",children:[n("h1",{children:l.search.label}),n(yt,{form:"page",initial:t??"",opensExact:t!==null,onTyped:i},a),s.trim()===""&&n(E,{children:[n("p",{class:"hint",children:[l.search.hint," ",n("kbd",{children:"↑"})," ",n("kbd",{children:"↓"})," ",l.search.keys]}),n(Ja,{viewer:e})]})]})}var Xa={name:null,address:null,company:null};function Ja({viewer:e}){let[t,r]=h([]);if(_(()=>{let o=Ve(e);o.length!==0&&U(qn,{ids:o}).then(({data:s,failures:i})=>{let u=s?.customers??[],c=o.filter((p,d)=>u[d]===null&&Za(i,d));Oe(e,c),r(o.flatMap((p,d)=>c.includes(p)?[]:[u[d]??{...Xa,id:p}]))})},[e]),t.length===0)return null;let a=()=>{Oe(e,Ve(e)),r([])};return n("section",{class:"recent","aria-labelledby":"recent",children:[n("header",{children:[n("h2",{id:"recent",children:l.search.recent}),n("button",{type:"button",class:"quiet",onClick:a,children:l.search.forget})]}),n("ul",{children:t.map(o=>n("li",{children:n("a",{href:pe(o.id),onClick:oe,children:[n("strong",{children:o.name??o.id}),n("span",{children:[o.company?.name,o.address?.city??o.address?.country].filter(Boolean).join(" · ")})]})},o.id))})]})}function Za(e,t){return e.filter(({path:a})=>a[1]===t).every(({code:a})=>a==="ERASED")}function mo({place:e,viewer:t}){let r=[...t.operates?["sources"]:[],...t.governs?["tags","segments"]:[]];if(r.length===0)return null;let a=e.page==="other"?e.name:"";return n("nav",{class:"pages","aria-label":N.nav.label,children:r.map(o=>n("a",{href:`/${o}`,"aria-current":o===a?"page":void 0,onClick:oe,children:N.nav[o]},o))})}var es={en:"English",zh:"中文"};function go({place:e,looking:t,onPurpose:r,onSignedOut:a}){let o=async()=>{await fetch("/session",{method:"DELETE",headers:{"x-csrf":"1"},credentials:"same-origin",cache:"no-store"}),a()};return n("header",{class:"bar",children:[n("a",{class:"brand",href:"/",onClick:oe,"aria-label":l.product,children:[n(ns,{}),n("span",{children:l.product})]}),t.state==="ready"&&e.page!=="search"?n(yt,{form:"bar"}):null,n("span",{class:"grow"}),t.state==="ready"&&n(mo,{place:e,viewer:t.viewer}),t.state==="ready"&&n("div",{class:"who",children:[n("span",{class:"who-name",title:t.viewer.caller??"",children:ts(t)}),t.viewer.purposes.length>0&&n("select",{class:"quiet","aria-label":l.viewer.purpose,value:t.purpose??"",onChange:s=>r(s.currentTarget.value||null),children:[!t.viewer.needsPurpose&&n("option",{value:"",children:l.viewer.noPurpose}),t.viewer.purposes.map(({key:s})=>n("option",{value:s,children:s},s))]}),t.viewer.user?.startsWith("key:")&&n("button",{type:"button",class:"quiet",onClick:o,children:l.viewer.signOut})]}),n("select",{class:"quiet language","aria-label":l.viewer.language,value:W,onChange:s=>$n(s.currentTarget.value),children:Lt.map(s=>n("option",{value:s,lang:s,children:es[s]},s))})]})}function ts({viewer:e}){return(e.user?.startsWith("key:")?e.caller:e.user)??e.caller??l.viewer.anonymous}function ns(){return n("svg",{class:"brand-mark",viewBox:"0 0 24 24","aria-hidden":"true",children:[n("circle",{cx:"12",cy:"12",r:"11"}),n("circle",{cx:"12",cy:"9.5",r:"3.2"}),n("path",{d:"M5.8 18.2c1.2-2.8 3.5-4.2 6.2-4.2s5 1.4 6.2 4.2"})]})}var ze=e=>`${e.caller??""}|${e.user??""}`,fo=e=>`gateway.purpose:${ze(e)}`;function bt(){let[e,t]=h({state:"loading"}),r=ve(async()=>{let{data:o,failures:s}=await U(er,{});if(o===null){let d=s[0]?.code??"UNKNOWN";t(d==="UNAUTHENTICATED"?{state:"signed-out"}:{state:"failed",code:d});return}let{viewer:i}=o;Hn(i.pinnedClock);let u=i.purposes.map(({key:d})=>d),c=Ce(fo(i),"session"),p=c!==null&&u.includes(c)?c:i.needsPurpose?i.purpose:null;Ut(p),t(i.needsPurpose&&p===null?{state:"choosing",viewer:i}:{state:"ready",viewer:i,purpose:p})},[]);_(()=>(r(),Fn(()=>t({state:"signed-out"}))),[r]);let a=ve(o=>{t(s=>{if(s.state!=="choosing"&&s.state!=="ready")return s;let{viewer:i}=s;return Ae(fo(i),o,"session"),Ut(o),{state:"ready",viewer:i,purpose:o}})},[]);return{looking:e,choose:a,again:r}}function ho(){let[e,t]=h(0);return _(()=>Dn(r=>{Un(r),t(a=>a+1)}),[]),e===0?n(yo,{}):n(rs,{given:e})}function rs({given:e}){let{looking:t,again:r}=bt();return _(()=>{e>1&&r()},[e]),_(()=>{t.state==="signed-out"&&Dt()},[t.state]),t.state==="ready"?n(ht,{id:On(),viewer:ze(t.viewer),looking:t.viewer}):t.state==="failed"?n("main",{id:"content",class:"door",children:n("p",{role:"alert",children:l.failure.other(t.code)})}):n(yo,{})}function yo(){return n("main",{id:"content",class:"door","data-state":"waiting",children:n("p",{role:"status",children:l.viewer.waiting})})}function bo({onDone:e}){let[t,r]=h("");return n("main",{id:"content",class:"door",children:n("form",{onSubmit:async o=>{o.preventDefault();let s=o.currentTarget.elements.namedItem("key"),i={authorization:`Bearer ${s.value.trim()}`,"x-csrf":"1"};s.value="",r("");try{let u=await fetch("/session",{method:"POST",headers:i,credentials:"same-origin",cache:"no-store"});u.ok?e():r(u.status===401?l.viewer.refused:l.viewer.noSession)}catch{r(l.failure.offline)}},children:[n("h1",{children:l.viewer.signIn}),n("p",{children:l.viewer.signInWhy}),n("label",{children:[l.viewer.key,n("input",{name:"key",type:"password",autocomplete:"off",required:!0,maxLength:4096,"aria-describedby":"problem"})]}),n("p",{id:"problem",class:"alert",role:"alert",children:t}),n("button",{type:"submit",class:"primary",children:l.viewer.signIn})]})})}function xo({viewer:e,onChosen:t}){return n("main",{id:"content",class:"door",children:n("div",{children:[n("h1",{children:l.viewer.choosePurpose}),n("p",{children:l.viewer.purposeWhy}),n("ul",{children:e.purposes.map(({key:r,basis:a})=>n("li",{children:n("button",{type:"button",class:"choice",onClick:()=>t(r),children:[n("strong",{children:r}),n("span",{children:l.viewer.basis[a]})]})},r))})]})})}function _o(){return Fe?n(ho,{}):n(os,{})}function os(){let e=Cn(),{looking:t,choose:r,again:a}=bt();return n(E,{children:[n("a",{class:"skip",href:"#content",onClick:ss,children:l.skip}),n(go,{place:e,looking:t,onPurpose:r,onSignedOut:a}),n(as,{place:e,looking:t,onPurpose:r,onSignedIn:a})]})}function as({place:e,looking:t,onPurpose:r,onSignedIn:a}){switch(t.state){case"loading":return n("main",{id:"content","aria-busy":"true"});case"failed":return n("main",{id:"content",class:"door",children:n("div",{role:"alert",children:[n("p",{children:t.code==="OFFLINE"?l.failure.offline:l.failure.other(t.code)}),n("button",{type:"button",class:"primary",onClick:a,children:l.failure.askAgain})]})});case"signed-out":return n(bo,{onDone:a});case"choosing":return n(xo,{viewer:t.viewer,onChosen:r});case"ready":{let o=ze(t.viewer);if(e.page==="search")return n(po,{viewer:o},`${o}${t.purpose}`);if(e.page==="customer")return n(ht,{id:e.id,viewer:o,looking:t.viewer},`${e.id}
${t.purpose}`);let s=ro[e.name];return s?n(s,{}):n("main",{id:"content"})}}}function ss(e){e.preventDefault();let t=document.getElementById("content");t?.setAttribute("tabindex","-1"),t?.focus()}document.documentElement.lang=W;mn(n(_o,{}),document.getElementById("app"));
